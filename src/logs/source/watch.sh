# shellcheck shell=sh disable=SC2154
# Prints the files that a glob matches: one path a line, then an empty line; again whenever that changes. Ends with 23 when
# none does and a right is missing (barred.sh, which stands before this) to look into `folder`, which no wildcard is above.
LC_ALL=C
export LC_ALL
exec 4<&0
{ cat <&4 >/dev/null; kill "$$"; } 2>/dev/null &
watchdog=$!
trap 'kill "$watchdog" 2>/dev/null' EXIT
before=none
while :; do
    now=
    # The glob is the point of the missing quotes.
    # shellcheck disable=SC2154,SC2231
    for f in "${QD_ROOT:-}"$glob; do
        [ -f "$f" ] || continue
        case $f in *.gz | *.bz2 | *.xz | *.zst) continue ;; esac
        now="$now${f#"${QD_ROOT:-}"}
"
    done
    [ -n "$now" ] || barred "${QD_ROOT:-}$folder" rx
    if [ "$now" != "$before" ]; then
        printf '%s\n' "$now" || exit
        before=$now
    fi
    [ "$follow" = 1 ] || exit 0
    sleep "$poll" || exit
done
