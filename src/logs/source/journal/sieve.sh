# shellcheck shell=sh disable=SC2154
# Prints those entries of a journal that may have one of some fixed texts in their message, each behind `NUMBER:`, and so
# many around each behind `NUMBER-`; at the end the cursor of the last that was looked through.
#
# unit    the unit; empty: all          cursor  the entry that it begins with
# count   how many entries before that, newest first; empty: all after it, oldest first
# around  options for entries around one
# texts   the texts, one a line, as JSON has them
#
# The end says why there is nothing: 22 journalctl failed, 23 no such grep here, 24 it failed.
LC_ALL=C
export LC_ALL
[ "$(printf 'a\nbcd\n' | grep -a -n -F -e cd 2>/dev/null)" = 2:bcd ] || exit 23
set -- "--cursor=$cursor"
[ -z "$count" ] || set -- "$@" -r -n "$count"
[ -z "$unit" ] || set -- "$@" -u "$unit"
# A message that is no plain text is a list of numbers: what it has can only be told elsewhere.
texts="$texts
\"MESSAGE\":[
\"MESSAGE\" : [
-- cursor: "
# A pipe ends as its last command does; what journalctl made of it comes by another way.
exec 4>&1
code=$({
    {
        ${qd_asroot:-} journalctl -o json --all --no-pager -q --show-cursor "$@" 3>&- 4>&-
        echo "$?" >&3
    } | {
        # Options and numbers, meant to be split.
        # shellcheck disable=SC2086
        grep -a -n -F $around -e "$texts" >&4 3>&-
        [ "$?" -le 1 ]
    }
} 3>&1) || exit 24
[ "$code" = 0 ] || exit 22
