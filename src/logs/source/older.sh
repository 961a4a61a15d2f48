# shellcheck shell=sh disable=SC2154
# Prints so many bytes of a file from an offset on. Behind `opened.sh`.
#
# off     bytes to skip                 bytes   how many; none: say how many there are instead
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
opened
if [ -z "$bytes" ]; then
    wc -c <&3
else
    tail -c +"$((off + 1))" <&3 | head -c "$bytes"
fi
