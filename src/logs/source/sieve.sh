# shellcheck shell=sh disable=SC2154
# Prints the lines of a part of a file that have one of some fixed texts, each behind `OFFSET:`, counted from `off`; with
# `around`, so many lines before and after each too, behind `OFFSET-`, and `--` between what does not follow on.
# Behind `opened.sh`.
#
# off     bytes to skip                 bytes   how many; none: to its end
# around  options for lines around it   texts   the texts, one a line
#
# The end says besides why there is nothing: 22 damaged, 23 no such grep here, 24 it failed.

# Only a grep that counts to where a line begins is of use: busybox does not count, BSD counts to the match.
[ "$(printf 'a\nbcd\n' | grep -a -b -F -e cd 2>/dev/null)" = 2:bcd ] || exit 23
look() {
    # Options and numbers, meant to be split.
    # shellcheck disable=SC2086
    grep -a -b -F $around -e "$texts"
    [ "$?" -le 1 ] || exit 24
}
case $open in
    *.gz)
        if [ -n "$bytes" ]; then
            gzip -dc -- "$open" 2>/dev/null | tail -c +"$((off + 1))" | head -c "$bytes" | look
            exit
        fi
        # A pipe ends as its last command does; what gzip thought of the file comes by another way. 2 is only a warning.
        exec 4>&1
        code=$({ { gzip -dc -- "$open" 2>/dev/null 3>&- 4>&-; echo "$?" >&3; } | tail -c +"$((off + 1))" 3>&- |
            look >&4 3>&-; } 3>&1) || exit 24
        case $code in 0 | 2) exit 0 ;; *) exit 22 ;; esac
        ;;
esac
opened
tail -c +"$((off + 1))" <&3 | head -c "$bytes" | look
