#!/bin/sh
# hostname of a made-up host.
exec cat "$QD_ROOT/etc/hostname"
