#!/bin/sh
# ps of a made-up host: `ps -eo pid,user,stat,rss,times,etimes,comm`.
exec cat "$QD_ROOT/demo/ps"
