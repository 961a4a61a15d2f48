#!/bin/sh
# journalctl of a made-up host: its services write to files.
echo '-- No entries --'
