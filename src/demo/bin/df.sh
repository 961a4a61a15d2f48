#!/bin/sh
# df of a made-up host.
for option; do
	case $option in
	-*i*) exec cat "$QD_ROOT/demo/df-inodes" ;;
	esac
done
exec cat "$QD_ROOT/demo/df"
