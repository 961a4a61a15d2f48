# shellcheck shell=sh disable=SC2154
# What a host tells while the fleet is watched. Looks only. Parameters: unit access logs rooted journals marks cursors
# since most. `access` and each line of `logs` and `rooted` (read by sudo) is a path or a glob, each line of `journals` a
# unit, each line of `marks` says how far a file was read (INODE SIZE PATH), each of `cursors` a journal (HOW CURSOR UNIT).
export LC_ALL=C
last() { # TEXT NAME: what its line with this name at the end says
    printf '%s\n' "$1" | sed -n "s|^\(.*\) $2\$|\1|p" | tail -n 1
}
piece() { # LETTER PATH [SUDO...]: the whole lines that came since, at most so many bytes of them, and how far that is
    letter=$1 path=$2
    shift 2
    # One that is not there is nobody's trouble; of what only root may see nobody else can say that.
    if [ $# = 0 ] && [ ! -f "$path" ]; then return 0; fi
    if ! { place=$("$@" stat -L -c '%i %s' -- "$path") && "$@" tail -c 0 -- "$path"; } 2>/dev/null; then
        echo "unread=$path"
        return 0
    fi
    inode=${place% *} size=${place#* }
    IFS=' ' read -r was from <<END
$(last "$marks" "$path")
END
    # One that is new, or cut short, is read from its beginning; without marks, its last lines.
    [ -z "$marks" ] || [ "$was" = "$inode" ] || from=0
    [ "${from:-$size}" -le "$size" ] || from=0
    if [ -z "$from" ] || [ $((size - from)) -gt "$most" ]; then from=$((size > most ? size - most : 0)); fi
    printf 'mark %s %s %s\nread=%s\n' "$inode" "$size" "$path" "$letter"
    "$@" tail -c +$((from + 1)) -- "$path" | head -c $((size - from)) | sed "s/^/$letter /"
    echo
}
entries() { # WORD...: of the journal, as whoever may read it
    case $how in
        sudo) sudo -n journalctl -o json --no-pager -q "$@" ;;
        *) journalctl -o json --no-pager -q "$@" ;;
    esac </dev/null 2>/dev/null
}
journal() { # UNIT: what it has said since
    IFS=' ' read -r how cursor <<END
$(last "$cursors" "$1")
END
    if [ -z "$how" ]; then
        for how in plain sudo none; do
            [ "$how" = none ] || [ -z "$(entries -u "$1" -n 1)" ] || break
        done
    fi
    if [ "$how" = none ]; then
        echo "unread=the journal of $1"
        return
    fi
    printf 'journal %s %s\nread=j\n' "$how" "$1"
    if [ -n "$cursor" ]; then
        entries -u "$1" "--cursor=$cursor" | head -c "$most"
    else
        entries -u "$1" "--since=@$since" -n 5000 | tail -c "$most"
    fi | sed 's/^/j /'
    echo
}
systemctl show -p ActiveState -p InvocationID -p NRestarts -p ActiveEnterTimestampMonotonic -- "$unit" 2>/dev/null
echo "now=$(date +%s)"
sed -n 's/^\([0-9]*\)\.\([0-9]*\) .*/up=\1\2/p' "${QD_ROOT:-}/proc/uptime" 2>/dev/null
sed -n 's/^oom_kill /oom=/p' "${QD_ROOT:-}/proc/vmstat" 2>/dev/null
for what in cpu memory io; do
    sed -n "s/^some avg10=[0-9.]* avg60=\([0-9.]*\) .*/$what=\1/p" "${QD_ROOT:-}/proc/pressure/$what" 2>/dev/null
done
IFS='
'
# Paths may be globs.
# shellcheck disable=SC2086
{
    for path in $access; do for file in "${QD_ROOT:-}"$path; do piece a "$file"; done; done
    for path in $logs; do for file in "${QD_ROOT:-}"$path; do piece e "$file"; done; done
    for path in $rooted; do for file in "${QD_ROOT:-}"$path; do piece e "$file" sudo -n; done; done
    for name in $journals; do journal "$name"; done
}
