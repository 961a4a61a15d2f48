# shellcheck shell=sh disable=SC2154
# The last lines of a unit's journal, through sudo where the login user may not read it. Looks only.
# Parameters: unit; lines.
export LC_ALL=C
said=$(journalctl -q -u "$unit" -n "$lines" -o cat --no-pager 2>/dev/null)
[ -n "$said" ] || said=$(sudo -n journalctl -q -u "$unit" -n "$lines" -o cat --no-pager 2>/dev/null)
printf '%s\n' "$said"
