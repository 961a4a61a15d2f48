# shellcheck shell=sh disable=SC2154
# What a host tells while the fleet is watched. Looks only. Parameters: unit access logs marks most; `access` and each
# line of `logs` is a path or a glob, and each line of `marks` says how far a file was read: INODE SIZE PATH.
export LC_ALL=C
piece() { # LETTER PATH: the whole lines that came since, at most so many bytes of them, and how far that is
    [ -f "$2" ] && [ -r "$2" ] || return 0
    # shellcheck disable=SC2012
    inode=$(ls -i "$2" | sed 's/^ *\([0-9]*\).*/\1/') size=$(wc -c <"$2")
    IFS=' ' read -r was from <<END
$(printf '%s\n' "$marks" | sed -n "s|^\([0-9]*\) \([0-9]*\) $2\$|\1 \2|p" | tail -n 1)
END
    # One that is new, or cut short, is read from its beginning; without marks, its last lines.
    [ -z "$marks" ] || [ "$was" = "$inode" ] || from=0
    [ "${from:-$size}" -le "$size" ] || from=0
    if [ -z "$from" ] || [ $((size - from)) -gt "$most" ]; then from=$((size > most ? size - most : 0)); fi
    printf 'mark %s %s %s\nread=%s\n' "$inode" "$size" "$2" "$1"
    tail -c +$((from + 1)) "$2" | head -c $((size - from)) | sed "s/^/$1 /"
    echo
}
systemctl show -p ActiveState -p InvocationID -p NRestarts -- "$unit" 2>/dev/null
sed -n 's/^oom_kill /oom=/p' "${QD_ROOT:-}/proc/vmstat" 2>/dev/null
for what in cpu memory io; do
    sed -n "s/^some avg10=[0-9.]* avg60=\([0-9.]*\) .*/$what=\1/p" "${QD_ROOT:-}/proc/pressure/$what" 2>/dev/null
done
IFS='
'
# Paths may be globs.
# shellcheck disable=SC2086
{
    for path in $access; do piece a "$path"; done
    for path in $logs; do piece e "$path"; done
}
