# shellcheck shell=sh disable=SC2154
# What a host is before a run: reads only. Parameters: root state version as runner when asked; looks() is what
# was asked to be run, if `asked` is set, and refuse() names commands that sudo does not let; owner.sh and lying.sh stand
# before this.
root="${QD_ROOT:-}$root"
# shellcheck disable=SC2086
for tool in flock setsid timeout sha256sum tar find; do
    command -v "$tool" >/dev/null 2>&1 || echo "missing=$tool"
done
command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || echo missing_http=1
echo "machine=$(cat "${QD_ROOT:-}/etc/machine-id" 2>/dev/null)"
if [ -d "$root/releases" ]; then echo root=1; fi
# A folder that is not there yet may be made where its parent may be written.
may() { # AS PATH: whether it, or the part of it that is there, may be written
    at=$2
    while [ ! -e "$at" ] && [ "$at" != / ]; do at=$(dirname "$at"); done
    $1 test -w "$at"
}
if may "$as" "$root" && may "$as" "$root/releases"; then echo writable=1; fi
if may '' "$state"; then echo keeps=1; fi
if [ -n "$as" ] && $as true </dev/null 2>/dev/null; then echo as=1; fi
echo "now=$(date +%s)"
if [ "$runner" = system ]; then
    if [ "$(id -u)" = 0 ] || sudo -n -l systemd-run --uid="$(id -un)" --collect --quiet --unit=qd-check \
        sh "$state/runs/check/runner.sh" "$state/runs/check" >/dev/null 2>&1; then echo system=1; fi
elif [ ! -e "${QD_ROOT:-}/var/lib/systemd/linger/$(id -un)" ] &&
    grep -Eqs '^[[:space:]]*KillUserProcesses[[:space:]]*=[[:space:]]*(yes|true|1|on)' \
        "${QD_ROOT:-}/etc/systemd/logind.conf" "${QD_ROOT:-}"/etc/systemd/logind.conf.d/*.conf; then
    echo kills=1
fi
lying
# shellcheck disable=SC2012
if [ -n "$when" ]; then
    live=$(readlink "$root/current")
    like() { (cd "$root/$1" 2>/dev/null && find . -type f -path "./$when" -exec sha256sum {} + | sort); }
    if [ -d "$root/releases/$version" ]; then
        before=$(like "$live") after=$(like "releases/$version")
        [ "$before" = "$after" ] && echo migrates=no || echo migrates=yes
        # By name: those that are new there, or others than they were.
        printf '%s\n' "$after" | head -n 200 | while IFS= read -r line; do
            case $before in *"$line"*) ;; *) echo "migration=${line#*./}" ;; esac
        done
    fi
fi
# What somebody has asked to be looked at first.
if [ -n "$asked" ]; then
    said=$(looks 2>&1 </dev/null)
    echo "asked=$? $(printf '%s' "$said" | tail -n 1)"
fi
# shellcheck disable=SC2012
echo "pin=$(ls -lnR "$root/releases/$version" 2>/dev/null | sha256sum)"
df -Pk "$root" 2>/dev/null | sed -n '2s/^.* \([0-9]*\) *\([0-9]*\)% .*$/disk=\1 \2/p'
df -Pi "$root" 2>/dev/null | sed -n '2s/^.* \([0-9]*\)% .*$/inodes=\1/p'
echo "fs=$(stat -f -c %T "$root" 2>/dev/null)"
echo "state_sum=$(sha256sum <"$state/state.json" 2>/dev/null)"
refuse
if held; then echo "hold=$hold"; fi
# Whose run has it, or was cut off here: its lease, and the step that it was at.
if taken; then echo "owner=$owner"; elif [ -n "$owner" ]; then echo "cut=$owner"; fi
if [ -n "$owner" ]; then
    echo "lease=$(lease_age "$(run_of)")"
    sed -n 's/.*"event":"begin","step":"\([^"]*\)".*/step=\1/p; s/.*"event":"end".*/step=/p' \
        "$state/runs/$(run_of)/journal.jsonl" 2>/dev/null | tail -n 1
fi
