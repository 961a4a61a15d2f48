#!/bin/sh
# One look at the processes: `uptime:…`, `ticks:…`, `page:…`, then ps' table as `ps:…` and /proc/PID/stat as `stat:…`.
# /proc has processor times to a hundredth of a second, ps only whole ones; ps has the owners. Where there is only one
# of the two, it does. busybox' ps knows neither -e nor all of the columns.

export LC_ALL=C
root=${QD_ROOT:-}

uptime=
[ ! -r "$root/proc/uptime" ] || read -r uptime _ <"$root/proc/uptime"
printf 'uptime:%s\nticks:%s\npage:%s\n' "$uptime" "$(getconf CLK_TCK 2>/dev/null)" "$(getconf PAGESIZE 2>/dev/null)"
{
    ps -eo pid,user,stat,rss,times,etimes,comm 2>/dev/null || ps -o pid,user,stat,rss,time,comm 2>/dev/null
} | sed 's/^/ps:/'
cd "$root/proc" 2>/dev/null || exit 0
cat [0-9]*/stat 2>/dev/null | sed 's/^/stat:/'
