# shellcheck shell=sh disable=SC2154,SC2034
# Put before other scripts. Parameters: state.
export LC_ALL=C
state="${QD_ROOT:-}$state"
field() { printf '%s' "$owner" | sed -n "s/.* $1 \([0-9a-f-]*\).*/\1/p"; }
living() { # whether the runner that holds the lock lives: that process, of that start, on that boot; sets $owner
    owner=''
    owner=$(cat "$state/owner" 2>/dev/null) || return 1
    [ "$(field boot)" = "$(cat "${QD_ROOT:-}/proc/sys/kernel/random/boot_id")" ] || return 1
    pid=$(field pid)
    [ -n "$pid" ] && [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$(field started)" ]
}
run_of() { printf '%s' "$owner" | sed -n 's/.* run \([0-9A-Z]*\) .*/\1/p'; }
lease_age() { # RUN: seconds since somebody steered it; nothing where nobody ever did
    leased=$(stat -c %Y "$state/runs/$1/ctl/lease" 2>/dev/null) && echo $(($(date +%s) - leased))
}
taken() { # whether a run has this service: its runner lives, or somebody steers it who will start that again; sets $owner
    if living; then return 0; fi
    [ -n "$owner" ] || return 1
    age=$(lease_age "$(run_of)")
    ttl=$(sed -n "s/^lease_ttl='\{0,1\}\([0-9]*\).*/\1/p" "$state/runs/$(run_of)/plan.sh" 2>/dev/null)
    [ -n "$age" ] && [ "$age" -lt "${ttl:-90}" ]
}
held() { # whether somebody keeps deploys away by hand; sets $hold: until (seconds since 1970, 0 for ever), and who and why
    hold=$(cat "$state/hold" 2>/dev/null) || return 1
    until=${hold%% *}
    [ "$until" = 0 ] || [ "$(date +%s)" -lt "$until" ]
}
