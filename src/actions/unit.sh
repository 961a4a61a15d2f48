# shellcheck shell=sh disable=SC2154
# What a unit is, who we are, and whether sudo lets us act on the unit. Looks only.
# Parameters: unit; verb (may be empty).
export LC_ALL=C
command -v systemctl >/dev/null 2>&1 || { echo missing=systemctl; exit 0; }
uid=$(id -u)
echo "uid=$uid"
echo "user=$(id -un)"
systemctl show -p LoadState -p ActiveState -p SubState -p InvocationID -p NRestarts -p Type -- "$unit" || exit 1
if [ -z "$verb" ] || [ "$uid" = 0 ]; then exit 0; fi
command -v sudo >/dev/null 2>&1 || { echo missing=sudo; exit 0; }
# sudoers matches arguments exactly, and people write a unit's name with and without its ending.
for name in "$unit" "${unit%.service}"; do
    if sudo -n -l systemctl "$verb" "$name" >/dev/null 2>&1; then
        echo "sudo=$name"
        exit 0
    fi
done
