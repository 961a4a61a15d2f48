# shellcheck shell=sh disable=SC2154
# What a unit's processes, sockets and journal look like before it is acted on. Looks only. Parameters: unit.
export LC_ALL=C
part() { printf '\n=== %s\n' "$*"; "$@" 2>&1; }
date -u
part uptime
part systemctl status --no-pager --lines=0 -- "$unit"
part ps -eo pid,ppid,user,stat,etime,rss,pcpu,args || part ps
part ss -tanp || part netstat -tan
part free -m
part df -Pk
part journalctl -q -u "$unit" -n 500 -o short-iso --no-pager
if ! journalctl -q -u "$unit" -n 1 --no-pager 2>/dev/null | grep -q .; then
    part sudo -n journalctl -q -u "$unit" -n 500 -o short-iso --no-pager
fi
exit 0
