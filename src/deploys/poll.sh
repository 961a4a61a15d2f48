# shellcheck shell=sh disable=SC2154
# What has happened since, and that somebody steers. Parameters: state run from token beat take; owner.sh stands before this.
# An empty token only looks. The lease is written only where it is nobody's or ours, unless it is to be taken.
umask 002
dir=$state/runs/$run
if [ ! -e "$dir/plan.sh" ]; then echo none; exit 0; fi
lease=$(cat "$dir/ctl/lease" 2>/dev/null)
age=''
[ -z "$lease" ] || age=$(($(date +%s) - $(stat -c %Y "$dir/ctl/lease")))
if [ -n "$token" ]; then
    case $lease in
        '' | "$token "*) printf '%s %s' "$token" "$beat" >"$dir/ctl/lease" ;;
        *) [ -z "$take" ] || printf '%s %s' "$token" "$beat" >"$dir/ctl/lease" ;;
    esac
fi
printf 'lease %s\nby %s\n' "$lease" "$(cat "$dir/by" 2>/dev/null)"
[ -z "$age" ] || echo "age $age"
# Whether it lives is asked before its journal is read: what has ended has written all it ever will.
if living; then
    case $owner in *" run $run "*) echo alive ;; *) echo dead ;; esac
else
    echo dead
fi
# A runner that has only just been started has no journal yet.
[ ! -e "$dir/journal.jsonl" ] || tail -n "+$from" "$dir/journal.jsonl"
