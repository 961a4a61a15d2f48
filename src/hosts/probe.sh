#!/bin/sh
# The sampler's half on a host: one loop that answers each line of its standard input, and ends with it.
#
#   fast     the figures of /proc: `begin:fast`, lines as `FILE:LINE`, `end:fast`
#   disks    df, in the background: `df:…` `inodes:…` `mounts:…`, then `end:disks`
#   units    systemd, containers and the reboot mark, in the background: `failed:…` `show:…` `containers:…`
#            `reboot:…`, then `end:units`
#   beat N   answers `beat:N`, then `run:ID` for each folder of runs whose newest is another than was told before
#   clock N  answers `clock:N SECONDS.NANOSECONDS`
#
# A section of a background job ends with `rc:NAME EXITCODE`, so that empty and missing differ. The fast lines go out
# as grep writes them, perhaps in several pieces; a background job therefore writes whole lines, at most a pipe's
# atomic 4096 bytes at a time, and begins each piece with a line end: where no empty line stands before such a piece,
# it has cut a fast line in two, and the reader drops that block.
#
# Set by the caller in front of this: units, containers (names, one a line), states (folders that hold runs of deploys,
# one a line). Only grep is started for a fast tick; its patterns keep what is parsed, since /proc/vmstat and netstat
# alone would double the bytes. For a beat nothing is started at all.
# shellcheck disable=SC2154  # units, containers and states are set by the caller
# shellcheck disable=SC2013  # words are what is read
# shellcheck disable=SC2086  # $limit and the lists of names are meant to be split
# shellcheck disable=SC2329  # the jobs are called by name

export LC_ALL=C TZ=UTC
set -f
root=${QD_ROOT:-}
nl='
'

files='stat meminfo vmstat loadavg uptime diskstats net/dev net/snmp net/netstat net/sockstat
pressure/cpu pressure/memory pressure/io
sys/fs/file-nr sys/net/netfilter/nf_conntrack_count sys/net/netfilter/nf_conntrack_max spl/kstat/zfs/arcstats'

# ListenOverflows is the newest number that TcpExt is needed for: its column differs between kernels.
tcpext='TcpExt: [^0-9].*'
column=0
for word in $(grep -sm1 '^TcpExt:' "$root/proc/net/netstat"); do
    if [ "$word" = ListenOverflows ]; then
        tcpext="TcpExt: ([0-9-]+ ){$((column - 1))}[0-9-]+"
        break
    fi
    column=$((column + 1))
done

# Interfaces but lo and veth*; whole disks but no partitions, loops, device mapper or md (they would count twice).
keep="^(cpu.*|procs_.*|btime .*|(Mem|Swap)(Total|Free|Available):.*|(Buffers|Cached|SReclaimable|Shmem):.*"
keep="$keep|(pswpin|pswpout|oom_kill) .*|(some|full) .*|[0-9].*|Tcp: [0-9].*|TCP: .*|$tcpext"
keep="$keep| *([a-km-uw-z]|l[^o]|v[^e]|ven)[^ :]*:.*"
keep="$keep| +[0-9]+ +[0-9]+ ((s|v|xv|h)d[a-z]+|nvme[0-9]+n[0-9]+|mmcblk[0-9]+|dasd[a-z]+) .*"
keep="$keep|(size|c_min) +[0-9].*)"

limit=
if command -v timeout >/dev/null 2>&1 && timeout 5 true 2>/dev/null; then
    limit='timeout 5'
fi

# say NAME CODE TEXT: TEXT's lines as `NAME:LINE`, then `rc:NAME CODE`, in atomic pieces.
say() {
    piece=
    rest=$3
    while [ -n "$rest" ]; do
        line=${rest%%"$nl"*}
        case $rest in
            *"$nl"*) rest=${rest#*"$nl"} ;;
            *) rest= ;;
        esac
        if [ $((${#piece} + ${#line})) -gt 3900 ]; then
            printf '\n%s' "$piece"
            piece=
        fi
        piece=$piece$1:$line$nl
    done
    printf '\n%src:%s %s\n' "$piece" "$1" "$2"
}

run() {
    name=$1
    shift
    text=$("$@" 2>/dev/null)
    say "$name" $? "$text"
}

# Network file systems are left out, since a dead server would hang df; busybox's df does not know how.
local_df() {
    $limit df "$1l" 2>/dev/null || $limit df "$1" 2>/dev/null
}

disks() {
    run mounts grep -oE '^[^ ]+ [^ ]+ [^ ]+ r[ow]' "$root/proc/mounts"
    run df local_df -Pk
    run inodes local_df -Pi
    printf '\nend:disks\n'
}

units() {
    if command -v systemctl >/dev/null 2>&1; then
        run failed $limit systemctl list-units --state=failed --no-legend --plain --no-pager
        if [ -n "$units" ]; then
            run show $limit systemctl show --no-pager \
                -p Id,Names,LoadState,ActiveState,SubState,NRestarts,MainPID,ExecMainStartTimestamp,MemoryCurrent,Result -- $units
        fi
    fi
    # Both may be there, and one of them without its daemon or without these containers.
    if [ -n "$containers" ]; then
        for engine in docker podman; do
            command -v $engine >/dev/null 2>&1 || continue
            run containers $limit $engine inspect --type container \
                --format '{{.Name}} {{.State.Status}} {{.RestartCount}} {{.State.StartedAt}}' -- $containers
        done
    fi
    # Only Debian's family leaves such a mark, and only where something writes it.
    if [ -e "$root/run/reboot-required" ] || [ -e "$root/var/run/reboot-required" ]; then
        say reboot 0 yes
    elif [ -e "$root/etc/kernel/postinst.d/unattended-upgrades" ] || [ -e "$root/etc/kernel/postinst.d/update-notifier" ]; then
        say reboot 0 no
    fi
    printf '\nend:units\n'
}

# The newest runs: their names are in the order of their times.
told=
begun() {
    rest=$states
    now=
    while [ -n "$rest" ]; do
        folder=${rest%%"$nl"*}
        case $rest in
            *"$nl"*) rest=${rest#*"$nl"} ;;
            *) rest= ;;
        esac
        newest=
        set +f
        for run in "$root$folder"/runs/*; do
            case ${run##*/} in
                *[!0-9A-Z]*) ;;
                *) newest=${run##*/} ;;
            esac
        done
        set -f
        [ -n "$newest" ] || continue
        case " $told " in
            *" $newest "*) ;;
            *) printf 'run:%s\n' "$newest" || exit ;;
        esac
        now="$now $newest"
    done
    told=$now
}

printf 'begin:hello\nuname:%s\nmachine:%s\nname:%s\n' "$(uname -sr)" "$(uname -m)" "$(uname -n)"
for file in "$root/etc/os-release" "$root/usr/lib/os-release"; do
    if os=$(grep -s '^PRETTY_NAME=' "$file"); then
        printf 'os:%s\n' "$os"
        break
    fi
done
printf 'end:hello\n'

here=$PWD
cd "$root/proc" || exit 1
while read -r what number; do
    case $what in
        fast)
            printf 'begin:fast\n' || exit
            grep -soHE "$keep" $files
            printf 'end:fast\n' || exit
            ;;
        # Out of /proc again: a command found through a relative PATH, as in a made-up world, stays found.
        disks | units) (cd "$here" && "$what") </dev/null & ;;
        beat)
            printf 'beat:%s\n' "$number" || exit
            begun
            ;;
        clock) printf 'clock:%s %s\n' "$number" "$(date +%s.%N)" || exit ;;
    esac
done
