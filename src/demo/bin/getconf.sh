#!/bin/sh
# getconf of a made-up host, as its /proc counts.
case $1 in
CLK_TCK) echo 100 ;;
PAGESIZE | PAGE_SIZE) echo 4096 ;;
_NPROCESSORS_ONLN) grep -c '^cpu[0-9]' "$QD_ROOT/proc/stat" ;;
*) exit 1 ;;
esac
