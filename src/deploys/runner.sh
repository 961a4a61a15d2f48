#!/bin/sh
# shellcheck disable=SC2154,SC1091,SC2317,SC2016,SC2012,SC2010
# quarterdeck's half on a host: carries out this host's part of one run by itself, whatever becomes of whoever
# started it. It is started detached, with the run's folder as its argument:
#
#   plan.sh        what to do: values, and each command as a function of exact words; written by qd, never changed
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
. "$run/plan.sh" || exit 1
cd / || exit 1
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
    step "$id" "$limit" env QD_VERSION="$version" QD_PREVIOUS="$previous" QD_HOST="$host" QD_RUN="$run_id" \
        sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@"
}

# --- staging: nothing that is served changes

refuse() { why=$1; return 1; }
listed() { # whether nothing in the archive could leave its folder, or be more than files
    tar -tzf "$artifact" >"$run/names" 2>>"$out" || refuse "the archive cannot be read" || return 1
    ! grep -Eq '^/|(^|/)\.\.(/|$)' "$run/names" || refuse "the archive holds a name that leads out of it" || return 1
    tar -tvzf "$artifact" >"$run/kinds" 2>>"$out" || return 1
    ! grep -Eq '^[^-dl]' "$run/kinds" || refuse "the archive holds a device or a hard link" || return 1
    ! grep -Eq '^.(..[sS]|.....[sS])' "$run/kinds" || refuse "the archive holds a set-uid file" || return 1
    ! grep -Eq '^l.* -> (/|(.*/)?\.\.(/|$))' "$run/kinds" || refuse "the archive holds a link that leads out of it"
}

unpack() {
    new=$root/releases/.$version.$run_id
    listed && rm -rf "$new" && mkdir -p "$new" || return 1
    step unpack 600 tar -xzof "$artifact" -C "$new" || return 1
    top=$(ls -A "$new")
    # A single folder at the top is the release itself.
    if [ "$(printf '%s\n' "$top" | wc -l)" = 1 ] && [ -d "$new/$top" ] && [ ! -h "$new/$top" ]; then
        mv "$new/$top" "$new.top" && rmdir "$new" && mv "$new.top" "$new" || return 1
    fi
    chmod -R u+rwX,g+rX,o+rX "$new" && echo "$sha256" >"$new/.complete" && sync || return 1
    mv -T "$new" "$root/releases/$version"
}

link() { # PATH: a file or folder of ROOT/shared as the release sees it
    at=$root/releases/$version/$1
    [ -e "$root/shared/$1" ] || refuse "there is no $root/shared/$1" || return 1
    if [ -e "$at" ] && [ ! -h "$at" ]; then refuse "the release brings its own $1, which is shared"; return 1; fi
    mkdir -p "$(dirname "$at")" && ln -sfn "$root/shared/$1" "$at"
}

stage() {
    [ "$kind" = deploy ] || return 0
    if [ -n "$artifact" ] && [ ! -e "$root/releases/$version" ]; then
        unpack || return 1
    elif [ -n "$artifact" ]; then
        [ "$(cat "$root/releases/$version/.complete")" = "$sha256" ] || refuse "releases/$version holds something else" || return 1
    elif [ "$(ls -lnR "$root/releases/$version" 2>/dev/null | cksum)" != "$pin" ]; then
        refuse "releases/$version is not what the plan saw" || return 1
    fi
    links && hook_before_switch
}

# --- the critical section

switch() { # VERSION: one rename; whoever looks sees the old release or the new one
    note begin switch
    rm -f "$root/.current.$run_id"
    ln -s "releases/$1" "$root/.current.$run_id" && mv -fT "$root/.current.$run_id" "$root/current"
    rc=$?
    note end switch "$rc" 0
    [ "$rc" = 0 ] || why="the link $root/current cannot be switched"
    return "$rc"
}

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
        now=$(up)
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
    switch "$1" || return 1
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
    if { ! had switched && [ "$(readlink "$root/current")" = "releases/$previous" ]; } || onto "$previous"; then
        hook_undrain
        note undone '' '' '' "$previous"
    else
        note stuck '' '' '' "$why"
    fi
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
    done
}

kept() { # STATE: what the next run finds
    printf '%s\n' "$1" >"$state/state.json.new" && sync && mv -f "$state/state.json.new" "$state/state.json"
}

prune() { # VERSION...: folders that qd unpacked; never what is served, nor what a process is seen to run in
    for old in "$@"; do
        folder=$root/releases/$old
        if [ ! -e "$folder/.complete" ] || [ "$old" = "$previous" ] || [ "$(readlink "$root/current")" = "releases/$old" ]; then continue; fi
        ! find /proc/[0-9]*/cwd /proc/[0-9]*/exe -maxdepth 0 -lname "$folder*" 2>/dev/null | grep -q . || continue
        rm -rf "$folder"
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
flock -n 9 || { note denied '' '' '' "$(head -c 300 "$state/owner" 2>/dev/null)"; exit 1; }
printf '%s · run %s · pid %s started %s · boot %s\n' "$who" "$run_id" $$ "$(sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f20)" \
    "$(cat "${QD_ROOT:-}/proc/sys/kernel/random/boot_id")" >"$state/owner"
note locked
if had begin migrate && ! had end migrate; then
    note stuck '' '' '' 'the migration was cut off; whether it is done only a person can tell'
    await undo; ended canceled
fi
if ! had staged; then
    if [ "$(cksum <"$state/state.json" 2>/dev/null)" != "$state_sum" ] || [ "$(readlink "$root/current")" != "$link_before" ]; then
        note failed stage '' '' 'somebody else has deployed here since the plan was made'
        ended canceled
    fi
    stage || { note failed stage '' '' "$why"; ended canceled; }
    note staged
fi
if ! had going && ! had failed; then
    lost=$on_loss_staged
    while await migrate go; do
        case $order in
            migrate)
                rm -f "$ctl/migrate"
                had migrated || migrate || { note failed migrate '' '' "$why"; ended canceled; }
                note migrated ;;
            go) break ;;
            *) ended canceled ;;
        esac
    done
    note going
fi
if ! had 'done' && ! had failed; then
    if hook_drain && onto "$version" && hook_undrain; then note 'done'; else
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
