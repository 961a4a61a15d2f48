# shellcheck shell=sh disable=SC2154
# Ends with 23 when a right is missing on the way to a path: NEED (r, or rx for a folder that is looked into) at the path
# itself, x at each folder above it. What is missing where goes to standard error, for whoever is to give it:
# `QD1 barred NEED OWNER GROUP MODE PATH`. Returns when nothing is in the way, be the path there or not.
barred() {
    at=$1 need=$2 steps=0
    # What lies in a folder that may not be entered looks as if it were not there: the nearest thing that can be seen.
    while [ ! -e "$at" ] && [ "$steps" -lt 64 ]; do
        steps=$((steps + 1))
        if [ -L "$at" ]; then
            to=$(readlink "$at") || return 0
            case $to in /*) at=$to ;; *) at=${at%/*}/$to ;; esac
        else
            case $at in */*[!/]*) at=${at%/*} ;; esac
            at=${at:-/} need=x
        fi
    done
    [ -e "$at" ] || return 0
    missing=
    case $need in r*) [ -r "$at" ] || missing=r ;; esac
    # Only a folder can be entered; what else stands where one should is no matter of rights.
    case $need in *x) [ ! -d "$at" ] || [ -x "$at" ] || missing=${missing}x ;; esac
    [ -n "$missing" ] || return 0
    who=$(stat -L -c '%U %G %a' -- "$at" 2>/dev/null || stat -L -f '%Su %Sg %Lp' -- "$at" 2>/dev/null)
    printf 'QD1 barred %s %s %s\n' "$missing" "${who:-- - -}" "${at#"${QD_ROOT:-}"}" >&2
    [ -z "$watchdog" ] || kill "$watchdog"
    exit 23
}
