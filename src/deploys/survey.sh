# shellcheck shell=sh disable=SC2154
# What a host is before a run: reads only. Parameters: root state version; owner.sh stands before this.
for tool in flock setsid timeout cksum sha256sum tar find; do
    command -v "$tool" >/dev/null 2>&1 || echo "missing=$tool"
done
command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || echo missing_http=1
echo "machine=$(cat "${QD_ROOT:-}/etc/machine-id" 2>/dev/null)"
if [ -d "$root/releases" ]; then echo root=1; fi
if [ -w "$root" ] && [ -w "$root/releases" ]; then echo writable=1; fi
echo "link=$(readlink "$root/current")"
for folder in "$root"/releases/*/; do
    name=${folder%/}
    kind=placed
    [ ! -e "$folder.complete" ] || kind=made
    [ ! -e "$name.part" ] || kind=part
    [ -r "$folder" ] || kind=unreadable
    echo "release=$kind ${name##*/}"
done
# shellcheck disable=SC2012
echo "pin=$(ls -lnR "$root/releases/$version" 2>/dev/null | cksum)"
df -Pk "$root" 2>/dev/null | sed -n '2s/^.* \([0-9]*\) *\([0-9]*\)% .*$/disk=\1 \2/p'
df -Pi "$root" 2>/dev/null | sed -n '2s/^.* \([0-9]*\)% .*$/inodes=\1/p'
echo "fs=$(stat -f -c %T "$root" 2>/dev/null)"
echo "state=$(tr -d '\n' <"$state/state.json" 2>/dev/null)"
echo "state_sum=$(cksum <"$state/state.json" 2>/dev/null)"
if held; then echo "hold=$hold"; fi
if living; then echo "owner=$owner"; fi
