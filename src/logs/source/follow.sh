# shellcheck shell=sh disable=SC2154
# Reads one file from a place on, by its open descriptor, until it is replaced or cut short.
#
# name    the path that is followed           open    the path to open (the same, or a rotated sibling)
# inode   DEV:INO:BIRTH that it must have, or empty  off     bytes to skip
# follow  1: go on; 0: to its present end      poll    seconds between looks
# gz      1: unpack it (never followed)        run     a prefix such as `sudo -n --`, or empty
#
# First comes one line: `QD1 DEV:INO:BIRTH SIZE FINGERPRINT` (the first 256 bytes, in hex); everything after it is the file.
# Before it comes the line `QD1 waits` when the file is not there yet and is waited for.
# The end says why: 0 all read, 10 replaced (and read to its end), 11 cut short, 20 cannot be opened, 21 another file,
# 22 damaged (what could be unpacked was given), 23 a right is missing (barred.sh, which stands before this).
LC_ALL=C
export LC_ALL
name="${QD_ROOT:-}$name"
open="${QD_ROOT:-}$open"
# `DEV:INO:BIRTH SIZE` of each: an inode is used again, and then only its birth tells, where it is known. GNU and busybox
# call the format -c, BSD -f.
if stat -c %i / >/dev/null 2>&1; then
    place() { stat -L -c '%d:%i:%W %s' -- "$@"; }
else
    place() { stat -L -f '%d:%i:%B %z' -- "$@"; }
fi

if [ "$gz" = 1 ]; then
    if [ -z "$run" ] && [ ! -r "$open" ]; then exit 20; fi
    printf 'QD1 gz 0 -\n'
    # A pipe ends as its last command does; what gzip thought of the file comes by another way. 2 is only a warning.
    exec 4>&1
    code=$({ { $run gzip -dc -- "$open" 3>&- 4>&-; echo "$?" >&3; } | tail -c +"$((off + 1))" >&4 3>&-; } 3>&1)
    case $code in 0 | 2) exit 0 ;; *) exit 22 ;; esac
fi

if [ -n "$run" ]; then
    # Only the reader has the right to look, so the descriptor is its own: follow by its own means.
    place=$(place "$open" 2>/dev/null) || place=$($run stat -L -c '%d:%i:%W %s' -- "$open") || exit 20
    [ -z "$inode" ] || [ "${place% *}" = "$inode" ] || exit 21
    [ "${place#* }" -ge "$off" ] || exit 11
    # Nothing is promised before it is clear that the file may be read.
    $run tail -c 0 -- "$open" || exit 20
    printf 'QD1 %s -\n' "$place"
    if [ "$follow" = 1 ]; then
        # Where a password is asked for on standard input, nobody else may read there: tail ends with its reader.
        [ -z "$qd_asks" ] || exec $run tail -c +"$((off + 1))" -F -- "$open"
        $run tail -c +"$((off + 1))" -F -- "$open" &
        child=$!
        cat >/dev/null
        kill "$child" 2>/dev/null
        exit 10
    fi
    $run tail -c +"$((off + 1))" -- "$open"
    exit 0
fi

# Standard input ends with the link, and then so does this.
exec 4<&0

# A file that is not there yet is waited for; one that may not be read, or lies where one may not go, is an error at once.
watchdog=
while [ ! -r "$open" ]; do
    barred "$open" r
    if [ "$follow" != 1 ] || [ -e "$open" ] || [ -n "$inode" ]; then exit 20; fi
    if [ -z "$watchdog" ]; then
        { cat <&4 >/dev/null; kill "$$"; } 2>/dev/null &
        watchdog=$!
        echo 'QD1 waits'
    fi
    sleep "$poll" || exit
done
[ -z "$watchdog" ] || kill "$watchdog"
exec 3<"$open"
# The file of the descriptor, to be opened anew (a place of its own) and looked at; where there is no /proc, what bears
# its name, as long as it is the same.
me=/proc/$$/fd/3
[ -e "$me" ] || me=$open
look() { place "$me" "$name" 2>/dev/null; }

seen=$(place "$me") || exit 20
mine=${seen% *} size=${seen#* }
[ -z "$inode" ] || [ "$mine" = "$inode" ] || exit 21
[ "$size" -ge "$off" ] || exit 11
printf 'QD1 %s %s %s\n' "$mine" "$size" "$(od -An -v -tx1 -N256 "$me" | tr -d ' \n')"
[ "$off" = 0 ] || dd bs=1 skip="$off" count=0 <&3 2>/dev/null

# How the file begins, in octal: its first 256 bytes, or what was read of them.
begin() {
    # shellcheck disable=SC2046
    set -- $(od -An -v -to1 -N"$1" "$me" 2>/dev/null)
    echo "$*"
}
pos=$off known=256
if [ "$off" -lt 256 ] && [ "$size" -lt 256 ]; then known=$off; fi
begin=$(begin "$known")

# A file can be cut and grow past its old place between two looks: its beginning tells. The whole lines in it are read
# by the shell itself, which starts no process for that.
heads() {
    heads='' count=0
    while [ "$count" -lt "$whole" ] && IFS= read -r line; do
        heads="$heads/$line" count=$((count + 1))
    done <"$me"
}
learned=none
changed() {
    if [ "$known" != "$learned" ]; then
        learned=$known whole=0
        for byte in $begin; do [ "$byte" != 012 ] || whole=$((whole + 1)); done
        heads 2>/dev/null
        read_heads=$heads
        [ "$(begin "$known")" != "$begin" ]
    elif [ "$whole" -gt 0 ]; then
        heads 2>/dev/null
        [ "$heads" != "$read_heads" ]
    else
        [ "$(begin "$known")" != "$begin" ]
    fi
}

# Where the descriptor stands, on a system that says so.
position() {
    while read -r key value; do
        if [ "$key" = pos: ]; then
            pos=$value
            return 0
        fi
    done <"/proc/$$/fdinfo/3"
    return 1
} 2>/dev/null

# Hands on what is new, and sets pos. What belongs to the beginning goes through the shell, which so knows how that began
# which was read, whatever has become of the file since. The rest goes in pieces of one reading each: while one waits for a
# slow link the file may be cut, so before each the beginning is looked at.
give() {
    told=''
    while [ "$known" -lt 256 ]; do
        new=
        for byte in $(dd bs=$((256 - known)) count=1 <&3 2>/dev/null | od -An -v -to1); do
            new="$new\\$byte" begin="${begin:+$begin }$byte" known=$((known + 1))
        done
        if [ -z "$new" ]; then
            position && told=1
            return 0
        fi
        # The bytes are the format.
        # shellcheck disable=SC2059
        printf "$new" || exit
    done
    while :; do
        if changed; then exit 11; fi
        was=$pos
        dd bs=1048576 count=1 <&3 2>/dev/null || exit
        if ! position; then
            cat <&3 || exit
            return 0
        fi
        told=1
        [ $((pos - was)) -ge 1048576 ] || return 0
    done
}

if [ "$follow" != 1 ]; then
    cat <&3
    exit
fi

# Whether the file was cut short, or another file bears its name. The old one may still be written to until the new one
# has something in it.
look_around() {
    seen=$(look)
    own=${seen%%
*}
    [ -n "$own" ] || return 0
    size=${own#* }
    there=${seen#"$own"}
    there=${there#?}
    # Without /proc both are what bears the name.
    [ "${own% *}" = "$mine" ] || there=$own
    if [ -n "$there" ] && [ "${there% *}" != "$mine" ] && [ "${there#* }" -gt 0 ]; then
        cat <&3
        exit 10
    fi
    [ "${own% *}" = "$mine" ] || return 0
    [ "$size" -ge "$pos" ] || exit 11
    # Where nobody says how far it was read, it was read to where it ended at this look, or further.
    [ -n "$told" ] || pos=$size
}

# Reads what is new, again after each ring of the bell, which is standard input. While there is something new, nothing
# has happened to the file.
read_on() {
    while :; do
        before=$pos
        if changed; then exit 11; fi
        give
        if [ -z "$told" ] || [ "$pos" = "$before" ]; then look_around; fi
        rest
        dd bs=65536 count=1 of=/dev/null 2>/dev/null
        kill -0 "$ringer" 2>/dev/null || exit 0
    done
}

# Looking costs two processes: at once for the first lines of a second, as many as a small server writes, then ten times
# a second.
rest() {
    now=$looks
    read -r now _ 2>/dev/null </proc/uptime
    if [ "${now%%.*}" != "$second" ]; then second=${now%%.*} looks=0; fi
    looks=$((looks + 1))
    [ "$looks" -le 20 ] || sleep 0.1
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
