# shellcheck shell=sh disable=SC2154,SC2034
# Put before other scripts. Parameters: state.
export LC_ALL=C
state="${QD_ROOT:-}$state"
field() { printf '%s' "$owner" | sed -n "s/.* $1 \([0-9a-f-]*\).*/\1/p"; }
living() { # whether the runner that holds the lock lives: that process, of that start, on that boot; sets $owner
    owner=$(cat "$state/owner" 2>/dev/null) || return 1
    [ "$(field boot)" = "$(cat "${QD_ROOT:-}/proc/sys/kernel/random/boot_id")" ] || return 1
    pid=$(field pid)
    [ -n "$pid" ] && [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$(field started)" ]
}
held() { # whether somebody keeps deploys away by hand; sets $hold: until (seconds since 1970, 0 for ever), and who and why
    hold=$(cat "$state/hold" 2>/dev/null) || return 1
    until=${hold%% *}
    [ "$until" = 0 ] || [ "$(date +%s)" -lt "$until" ]
}
