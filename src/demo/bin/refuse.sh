#!/bin/sh
# A program that a made-up host has not: the real machine's must never run in its place.
echo "${0##*/}: not on a made-up host" >&2
exit 127
