# shellcheck shell=sh disable=SC2154
# In front of scripts that read a part of a file: `opened` makes it descriptor 3, if it still is the file that is meant.
#
# open    the path                      inode   DEV:INO:BIRTH that it must have (a packed one is not asked)
#
# The end says why there is nothing: 20 cannot be opened, 21 another file.
LC_ALL=C
export LC_ALL
open="${QD_ROOT:-}$open"
[ -r "$open" ] || exit 20
opened() {
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
}
