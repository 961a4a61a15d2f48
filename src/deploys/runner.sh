#!/bin/sh
# shellcheck disable=SC2154,SC1091,SC2317,SC2016,SC2012,SC2010,SC2086
# quarterdeck's half on a host: carries out this host's part of one run by itself, whatever becomes of whoever
# started it. It is started detached, with the run's folder as its argument:
#
#   plan.sh        what to do: values, and each command as a function of exact words; written by qd, never changed
#   strategy.sh    how a release gets here and is put live (a folder and a link, or commands)
#   ctl/           orders: migrate, go, then finish, keep or undo; abort at any time; lease shows that somebody steers
#   journal.jsonl  facts, one a line, each on the disk before the next step: the only source of what anybody is told
#   out.log        what the steps said
#
# Orders and the lease are looked at between steps only. From `going` to `done` or `undone` it waits for nobody: a host
# is never left half done. Without a controller it waits, or undoes itself, or finishes, as the plan says.
set -u
umask 002
export LC_ALL=C
run=$1
. "$run/plan.sh" && . "$run/strategy.sh" || exit 1
cd / || exit 1
root="${QD_ROOT:-}$root" state="${QD_ROOT:-}$state" artifact="${artifact:+${QD_ROOT:-}}$artifact"
ctl=$run/ctl journal=$run/journal.jsonl out=$run/out.log
lease_seen='' lease_at='' alone='' why='' before='' body='' lost=hold

up() { # hundredths of a second since this host booted: no clock that somebody may set
    read -r up_now _ <"${QD_ROOT:-}/proc/uptime"
    echo "${up_now%.*}${up_now#*.}"
}

text() { # a text as the inside of a JSON string: one line, 400 characters
    printf '%s' "$1" | tr -d '\000-\010\013-\037\177' | tr '\n\t' '  ' | cut -c1-400 | sed 's/\\/\\\\/g; s/"/\\"/g'
}

note() { # EVENT [STEP [RC [MS [TEXT]]]]: one fact, durable when this returns
    printf '{"time":"%s","event":"%s","step":"%s","rc":%s,"ms":%s,"text":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "$1" "${2-}" "${3:-null}" "${4:-null}" "$(text "${5-}")" >>"$journal"
    sync "$journal" 2>/dev/null || sync
}

had() { grep -q "\"event\":\"$1\",\"step\":\"${2-}" "$journal" 2>/dev/null; }
step() { # ID SECONDS WORD...: runs one command; neither the lock nor our input is its business
    if [ -e "$out" ] && [ "$(wc -c <"$out")" -gt 10485760 ]; then # both ends of what was said are kept
        { head -c 5242880 "$out"; echo; tail -c 4194304 "$out"; } >"$out.new" && mv -f "$out.new" "$out"
    fi
    id=$1 limit=$2; shift 2
    note begin "$id"
    began=$(up)
    printf '$ %s\n' "$*" >>"$out"
    timeout "$limit" "$@" >>"$out" 2>&1 9>&- </dev/null
    rc=$?
    note end "$id" "$rc" "$((($(up) - began) * 10))"
    [ "$rc" = 0 ] || why="$id ended with exit code $rc"
    [ "$rc" != 124 ] || why="$id took longer than $limit s"
    return "$rc"
}

in_release() { # VERSION ID SECONDS WORD...: the same, in a release's folder, with what hooks may want to know
    folder=$root/releases/$1 id=$2 limit=$3; shift 3
    step "$id" "$limit" $as env QD_VERSION="$version" QD_PREVIOUS="$previous" QD_HOST="$host" QD_RUN="$run_id" \
        sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@"
}

refuse() { why=$1; return 1; }

# --- the critical section

shown() { systemctl show -p ActiveState -p SubState -p InvocationID -p NRestarts -- "$unit" 2>>"$out"; }
value() { printf '%s\n' "$show" | sed -n "s/^$1=//p"; }
http() { # URL SECONDS: sets $status and $body
    if command -v curl >/dev/null 2>&1; then
        body=$(curl -s -g -m "$2" -w '\n%{http_code}' -- "$1" 9>&- 2>>"$out")
        status=$(printf '%s' "$body" | tail -n 1) body=$(printf '%s' "$body" | sed '$d')
    else
        body=$(wget -q -T "$2" -O - -- "$1" 9>&- 2>>"$out") && status=200 || status=000
    fi
}

look() { # VERSION: sets $why to what is not as it should be, with a ! before it when it will not become so
    why=''
    show=$(shown) || { why='the unit cannot be asked' good=0; return; }
    seen=$(value InvocationID)/$(value NRestarts) active=$(value ActiveState)
    if [ -n "$made" ] && [ "$seen" != "$made" ]; then why='!it ended and systemd started it again'; return; fi
    if [ "$use" = restart ] && [ "$(value InvocationID)" = "$before" ]; then why='it has not been started anew' good=0; return; fi
    if [ "$active" != active ]; then
        why="the unit is $active ($(value SubState))" good=0
        [ "$active" != failed ] || why="!$why"; return
    fi
    made=$seen
    if [ -n "$health_url" ]; then
        http "$health_url" "$health_timeout"
        healthy "$status" || { why="its health check answers $status: $(printf '%s' "$body" | head -n 1)" good=0; return; }
    fi
    good=$((good + 1))
    [ "$gate_version" = 1 ] || return
    reported=$(asked_version)
    [ "$reported" = "$1" ] || why="it reports version ${reported:-nothing}, not $1"
}

version_in() { # the version in an answer: of JSON its "version", else its first line
    case $1 in
        *'"version"'*) printf '%s' "$1" | tr -d '\n' | sed 's/.*"version"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/' ;;
        *) printf '%s' "$1" | head -n 1 | tr -d ' \r' ;;
    esac
}

gate() { # VERSION: until it has been good for long enough, or will not be
    made='' good=0 since='' began=$(up)
    note begin gate
    while :; do
        look "$1"
        now=$(up) || exit 1
        if [ -z "$why" ]; then
            since=${since:-$now}
            if [ $((now - since)) -ge "$gate_stable" ] && [ "$good" -ge "$gate_successes" ]; then break; fi
        else
            since=''
            case $why in !*) why=${why#!}; break ;; esac # it will not become good
            if [ $((now - began)) -ge "$gate_timeout" ]; then why="after $((gate_timeout / 100)) s: $why"; break; fi
        fi
        sleep "$gate_every"
    done
    [ -z "$why" ] && rc=0 || rc=1
    note end gate "$rc" "$((($(up) - began) * 10))" "$why"
    return "$rc"
}

onto() { # VERSION: puts this host onto a release and sees whether it is well there
    put "$1" || return 1
    note switched '' '' '' "$1"
    show=$(shown) && before=$(value InvocationID)
    act || return 1
    note restarted
    gate "$1"
}

last_words() { # what the service said last, before it is put back
    echo '--- the last lines of the service' >>"$out"
    { journalctl -q -u "$unit" -n 20 -o cat --no-pager || sudo -n journalctl -q -u "$unit" -n 20 -o cat --no-pager; } >>"$out" 2>/dev/null
}
undo() {
    note undoing
    [ -n "$previous" ] || { note stuck '' '' '' "$why; there is no release to go back to"; return; }
    if { ! had switched && untouched; } || onto "$previous"; then
        hook_undrain
        note undone '' '' '' "$previous"
    else
        note stuck '' '' '' "$why"
    fi
}

vitals() { # what the kernel says of want, before anything is switched
    sed -n 's/^oom_kill /oom=/p' "${QD_ROOT:-}/proc/vmstat" 2>/dev/null
    for what in cpu memory io; do
        sed -n "s/^some avg10=[0-9.]* avg60=\([0-9.]*\) .*/$what=\1/p" "${QD_ROOT:-}/proc/pressure/$what" 2>/dev/null
    done
}

# --- waiting

beat() { # whether somebody steers: the text of the lease changes
    now=$(up) text=$(cat "$ctl/lease" 2>/dev/null)
    if [ "$text" != "$lease_seen" ] || [ -z "$lease_at" ]; then
        lease_seen=$text lease_at=$now
        [ -z "$alone" ] || note attended
        alone=''
    elif [ -z "$alone" ] && [ $((now - lease_at)) -gt $((lease_ttl * 100)) ]; then
        alone=1
        note unattended
    fi
}

await() { # ORDER...: waits for one of them, or abort; sets $order. Unattended, $lost says what is done instead.
    while :; do
        for order in "$@" abort; do [ ! -e "$ctl/$order" ] || return 0; done
        beat
        if [ -n "$alone" ] && [ "$lost" != hold ]; then order=$lost; return 0; fi
        sleep 0.3
        [ -d "$ctl" ] || exit 1 # somebody has removed the run: nobody will ever say more
    done
}

kept() { # STATE: what the next run finds
    printf '%s\n' "$1" >"$state/state.json.new" && sync && mv -f "$state/state.json.new" "$state/state.json"
}

in_use() { # FOLDER: whether a process is seen to run in it, or from it
    for at in /proc/[0-9]*/cwd /proc/[0-9]*/exe; do
        case $(readlink "$at" 2>/dev/null) in "$1" | "$1"/*) return 0 ;; esac
    done
    [ "$(readlink "$root/current")" = "releases/${1##*/}" ]
}

prune() { # VERSION...: folders that qd unpacked; never what is served, nor what a process is seen to run in
    for old in "$@"; do
        folder=$root/releases/$old
        if [ ! -e "$folder/.complete" ] || [ "$old" = "$previous" ] || [ "$old" = "$version" ] || in_use "$folder"; then continue; fi
        $as rm -rf "$folder"
        note pruned '' '' '' "$old"
    done
    # Twenty runs are remembered; their names sort by time.
    for old in $(ls "$state/runs" | grep -E '^[0-9A-Z]{26}$' | sort -r | tail -n +21); do rm -rf "$state/runs/${old:?}"; done
}

ended() { # RESULT: the last fact
    printf '{"time":"%s","run":"%s","who":"%s","kind":"%s","version":"%s","previous":"%s","plan":"%s","result":"%s"}\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$run_id" "$(text "$who")" "$kind" "$version" "$previous" "$plan_hash" "$1" >>"$state/audit.jsonl"
    note ended '' '' '' "$1"
    rm -f "$state/owner"
    exit 0
}

# --- the run

if had ended; then exit 0; fi
exec 9>>"$state/lock"
tries=0
until flock -n 9; do # started twice, because a reply was lost, the second leaves it to the first
    case $(cat "$state/owner" 2>/dev/null) in *" run $run_id "*) exit 0 ;; esac
    tries=$((tries + 1))
    [ "$tries" -lt 6 ] || { note denied '' '' '' "$(head -c 300 "$state/owner" 2>/dev/null)"; exit 1; }
    sleep 0.3
done
if had ended; then exit 0; fi
printf '%s · run %s · pid %s started %s · boot %s\n' "$who" "$run_id" $$ "$(sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f20)" \
    "$(cat "${QD_ROOT:-}/proc/sys/kernel/random/boot_id")" >"$state/owner"
note locked
if had begin migrate && ! had end migrate; then
    note stuck '' '' '' 'the migration was cut off; whether it is done only a person can tell'
    await undo; ended canceled
fi
if ! had staged; then
    if [ "$(sha256sum <"$state/state.json" 2>/dev/null)" != "$state_sum" ] || ! unchanged; then
        note failed stage '' '' 'somebody else has deployed here since the plan was made'
        ended canceled
    fi
    { [ "$kind" != deploy ] || stage; } || { note failed stage '' '' "$why"; ended canceled; }
    note staged
fi
if ! had going && ! had failed; then
    lost=$on_loss_staged
    while await migrate go; do
        case $order in
            migrate)
                rm -f "$ctl/migrate"
                if had migrated; then continue; fi
                changed && { migrate || { note failed migrate '' '' "$why"; ended canceled; }; }
                note migrated ;;
            go) break ;;
            *) ended canceled ;;
        esac
    done
    note vitals '' '' '' "$(vitals)"
    note going
fi
[ "$(cat "$ctl/go" 2>/dev/null)" != hold ] || on_fail=hold # what has been migrated does not go back by itself
if ! had 'done' && ! had failed; then
    if hook_drain && onto "$version" && hook_undrain; then note 'done' '' '' '' "$made $(up)"; else
        note failed roll '' '' "$why"
        last_words
    fi
fi
if had failed; then
    if [ "$on_fail" = hold ]; then lost=hold; await undo keep; [ "$order" = undo ] || { kept "$state_kept"; ended held; }; fi
    had undone || had stuck || undo
    kept "$state_undone"
    had undone && ended undone
    ended stuck
fi
lost=$on_loss_done; await finish keep undo
case $order in
    undo) undo; kept "$state_undone"; had undone && ended undone; ended stuck ;;
    finish) hook_after_done; kept "$state_good"; prunes; ended 'done' ;;
    *) kept "$state_kept"; ended kept ;;
esac
