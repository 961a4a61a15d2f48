# shellcheck shell=sh
# Lists a file and what rotation may have made of it: `DEV:INO:BIRTH SIZE MTIME FINGERPRINT PATH` a line; the fingerprint is
# of the first 256 bytes, unpacked.
LC_ALL=C
export LC_ALL
name="${QD_ROOT:-}$name"
# GNU and busybox call it -c, BSD -f.
if stat -c %i / >/dev/null 2>&1; then
    place() { stat -L -c '%d:%i:%W %s %Y' -- "$1"; }
else
    place() { stat -L -f '%d:%i:%B %z %m' -- "$1"; }
fi
for f in "$name" "$name".* "$name"-*; do
    if [ ! -f "$f" ] || [ ! -r "$f" ]; then continue; fi
    case $f in
        *.gz) begin=$(gzip -dc -- "$f" 2>/dev/null | od -An -v -tx1 -N256 | tr -d ' \n') ;;
        *) begin=$(od -An -v -tx1 -N256 "$f" | tr -d ' \n') ;;
    esac
    printf '%s %s %s\n' "$(place "$f")" "${begin:--}" "${f#"${QD_ROOT:-}"}"
done
