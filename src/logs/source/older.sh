# shellcheck shell=sh disable=SC2154
# Prints so many bytes of a file from an offset on, if it still is the file that is meant.
#
# open    the path                      inode   DEV:INO:BIRTH that it must have (a packed one: empty)
# off     bytes to skip                 bytes   how many; none: say how many there are instead
#
# The end says why there is nothing: 20 cannot be opened, 21 another file.
LC_ALL=C
export LC_ALL
open="${QD_ROOT:-}$open"
[ -r "$open" ] || exit 20
case $open in
    *.gz)
        if [ -z "$bytes" ]; then
            gzip -dc -- "$open" 2>/dev/null | wc -c
        else
            gzip -dc -- "$open" 2>/dev/null | tail -c +"$((off + 1))" | head -c "$bytes"
        fi
        exit 0
        ;;
esac
exec 3<"$open" || exit 20
me=/proc/$$/fd/3
[ -e "$me" ] || me=$open
# GNU and busybox call it -c, BSD -f.
if stat -c %i / >/dev/null 2>&1; then
    is=$(stat -L -c '%d:%i:%W' -- "$me")
else
    is=$(stat -L -f '%d:%i:%B' -- "$me")
fi
[ "$is" = "$inode" ] || exit 21
if [ -z "$bytes" ]; then
    wc -c <&3
else
    tail -c +"$((off + 1))" <&3 | head -c "$bytes"
fi
