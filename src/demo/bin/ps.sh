#!/bin/sh
# ps of a made-up host: `ps -eo pid,ppid,user,stat,rss,times,comm`.
exec cat "$QD_ROOT/demo/ps"
