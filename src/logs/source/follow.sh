# shellcheck shell=sh disable=SC2154
# Reads one file from a place on, by its open descriptor, until it is replaced or cut short.
#
# name    the path that is followed           open    the path to open (the same, or a rotated sibling)
# inode   DEV:INO that it must have, or empty  off     bytes to skip
# follow  1: go on; 0: to its present end      poll    seconds between looks
# gz      1: unpack it (never followed)        run     a prefix such as `sudo -n`, or empty
#
# First comes one line: `QD1 DEV:INO SIZE FINGERPRINT` (the first 256 bytes, in hex); everything after it is the file.
# The end says why: 0 all read, 10 replaced (and read to its end), 11 cut short, 20 cannot be opened, 21 another file.
LC_ALL=C
export LC_ALL
name="${QD_ROOT:-}$name"
open="${QD_ROOT:-}$open"
tool() { if [ -n "$run" ]; then $run "$@"; else "$@"; fi; }

if [ "$gz" = 1 ]; then
    if [ -z "$run" ] && [ ! -r "$open" ]; then exit 20; fi
    printf 'QD1 gz 0 -\n'
    tool gzip -dc -- "$open" | tail -c +"$((off + 1))"
    exit 0
fi

if [ -n "$run" ]; then
    # Only the reader has the right to look, so the descriptor is its own: follow by its own means.
    place=$(tool stat -L -c '%d:%i %s' -- "$open") || exit 20
    [ -z "$inode" ] || [ "${place% *}" = "$inode" ] || exit 21
    [ "${place#* }" -ge "$off" ] || exit 11
    printf 'QD1 %s -\n' "$place"
    if [ "$follow" = 1 ]; then
        tool tail -c +"$((off + 1))" -F -- "$open" &
        child=$!
        cat >/dev/null
        kill "$child" 2>/dev/null
        exit 10
    fi
    tool tail -c +"$((off + 1))" -- "$open"
    exit 0
fi

# Standard input ends with the link, and then so does this.
exec 4<&0

# A file that is not there yet is waited for; one that may not be read is an error at once.
watchdog=
while [ ! -r "$open" ]; do
    if [ "$follow" != 1 ] || [ -e "$open" ] || [ -n "$inode" ]; then exit 20; fi
    if [ -z "$watchdog" ]; then
        { cat <&4 >/dev/null; kill "$$"; } 2>/dev/null &
        watchdog=$!
    fi
    sleep "$poll" || exit
done
[ -z "$watchdog" ] || kill "$watchdog"
exec 3<"$open"
me=/proc/$$/fd/3
[ -e "$me" ] || me=/dev/fd/3
look() { stat -L -c '%d:%i %s' "$me" "$name" 2>/dev/null; }
begin() { od -An -v -tx1 -N"$1" "$me" 2>/dev/null | tr -d ' \n'; }

seen=$(stat -L -c '%d:%i %s' "$me") || exit 20
mine=${seen% *} size=${seen#* }
[ -z "$inode" ] || [ "$mine" = "$inode" ] || exit 21
[ "$size" -ge "$off" ] || exit 11
printf 'QD1 %s %s %s\n' "$mine" "$size" "$(begin 256)"
[ "$off" = 0 ] || dd bs=1 skip="$off" count=0 <&3 2>/dev/null
cat <&3 || exit
[ "$follow" = 1 ] || exit 0

# Where the descriptor stands; a system without fdinfo reads on at every look and finds truncation by the beginning.
position() {
    pos=
    while read -r key value; do
        [ "$key" != pos: ] || pos=$value
    done <"/proc/$$/fdinfo/3"
    [ -n "$pos" ]
}

# A short file can be cut and grow past its old place between two looks: its beginning tells. Its first line is read by
# the shell itself, which starts no process for it, unless it is long.
changed() {
    [ "$pos" -lt 262144 ] && [ "$pos" -ge 64 ] || return 1
    if [ -n "$first" ]; then
        IFS= read -r now 2>/dev/null <"$me" && [ "$now" != "$first" ]
    else
        [ "$(begin 64)" != "$begin" ]
    fi
}

# Whether the file was cut short, or another file bears its name. The old one may still be written to until the new one
# has something in it.
look_around() {
    seen=$(look)
    own=${seen%%
*}
    size=${own#* }
    [ "$size" -ge "${pos:-$last}" ] || exit 11
    last=$size
    case $seen in
        *"
"*)
            there=${seen#*
}
            if [ "${there% *}" != "$mine" ] && [ "${there#* }" -gt 0 ]; then
                cat <&3
                exit 10
            fi
            ;;
    esac
}

# Reads what is new, again after each ring of the bell, which is standard input. While there is something new, nothing
# has happened to the file.
read_on() {
    pos=$size last=$size first='' begin=''
    case $(begin 256) in *0a*) IFS= read -r first <"$me" ;; *) begin=$(begin 64) ;; esac
    while :; do
        before=$pos
        if [ -n "$pos" ] && changed; then exit 11; fi
        cat <&3 || exit
        position 2>/dev/null || pos=
        if [ -z "$pos" ] || [ "$pos" = "$before" ]; then look_around; fi
        rest
        dd bs=65536 count=1 of=/dev/null 2>/dev/null
        kill -0 "$ringer" 2>/dev/null || exit 0
    done
}

# Looking costs two processes: at once for the first lines of a second, then ten times a second.
rest() {
    now=$looks
    read -r now _ 2>/dev/null </proc/uptime
    if [ "${now%%.*}" != "$second" ]; then second=${now%%.*} looks=0; fi
    looks=$((looks + 1))
    [ "$looks" -le 10 ] || sleep 0.1
}
second='' looks=0

# The bell. GNU tail waits in the kernel (inotify) for whatever happens to the name, so that a line is here within
# milliseconds and a quiet file costs nothing; what it reads itself is only a sign that there is something to read. Every
# five seconds it rings all the same, in case a sign was missed. Without a GNU tail it rings at every poll.
# shellcheck disable=SC2016
case $(tail --version 2>/dev/null) in
    *GNU*) ring='exec tail -n 0 -s 0.2 -F -- "$1" 2>&1' pause=5 ;;
    *) ring='while sleep "$2" && echo; do :; done' pause=$poll ;;
esac
{
    # Its first words are who rings and who waits for the end of the link (standard input ends with it): whichever ends
    # takes the others along.
    sh -c 'echo "$$ $PPID"; '"$ring" sh "$name" "$pause" </dev/null 3<&- 4<&- &
    ringer=$!
    { sleep "$poll"; while kill -0 "$ringer" && echo; do sleep "$pause"; done; } 3<&- 4<&- &
    cat <&4 >/dev/null
    kill "$ringer"
    wait "$ringer"
    echo
} 2>/dev/null | {
    read -r ringer waiter || exit 0
    trap 'kill "$ringer" "$waiter" 2>/dev/null' EXIT
    read_on
}
