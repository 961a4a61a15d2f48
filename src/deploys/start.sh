# shellcheck shell=sh disable=SC2154
# Starts a host's part of a run, or finds it started: asked again with the same run, the answer is the same.
# Parameters: state run who plan json strategy runner how; owner.sh stands before this.
umask 002
dir=$state/runs/$run
if taken; then
    case $owner in
        *" run $run "*) if living; then echo already; exit 0; fi ;;
        *) printf 'busy %s\n' "$owner"; exit 0 ;;
    esac
fi
if [ ! -e "$dir/plan.sh" ]; then
    if held; then printf 'locked %s\n' "$hold"; exit 0; fi
    [ -d "$state" ] || mkdir -p "$state" || exit 1
    chmod 2770 "$state" 2>/dev/null
    mkdir -p "$dir/ctl" || exit 1
    printf '%s' "$who" >"$dir/by" && printf '%s' "$json" >"$dir/plan.json" && printf '%s' "$runner" >"$dir/runner.sh" &&
        printf '%s' "$strategy" >"$dir/strategy.sh" && printf '%s' "$plan" >"$dir/plan.new" && sync && mv -f "$dir/plan.new" "$dir/plan.sh" || exit 1
fi
# A session of its own, with nothing of ours: neither the link's end nor ours is its end. Where the person's own systemd
# lingers it is the one that keeps it, for logind may end what is left of a login.
bus=${QD_ROOT:-}/run/user/$(id -u)
if [ "$how" = system ]; then
    sudo=''
    [ "$(id -u)" = 0 ] || sudo='sudo -n'
    $sudo systemd-run --uid="$(id -un)" --collect --quiet --unit="qd-$run-$$" sh "$dir/runner.sh" "$dir" >/dev/null </dev/null || exit 1
    echo started
elif [ -d "$bus/systemd" ] && [ -e "${QD_ROOT:-}/var/lib/systemd/linger/$(id -un)" ] &&
    XDG_RUNTIME_DIR=$bus systemd-run --user --collect --quiet --unit="qd-$run-$$" sh "$dir/runner.sh" "$dir" >/dev/null 2>&1 </dev/null; then
    echo started
else
    # shellcheck disable=SC2016
    # This waits until the new session has let go of our output: until then the end of ours could be its end.
    : "$(setsid sh -c 'exec sh "$1" "$2" </dev/null >/dev/null 2>&1' sh "$dir/runner.sh" "$dir" &)"
    echo started
fi
