#!/bin/sh
# Asks a URL with what the host has: `STATUS` on the first line, then the body. 127: there is nothing to ask with.
# Set by the caller in front of this: url, seconds.
# shellcheck disable=SC2154

export LC_ALL=C
if command -v curl >/dev/null 2>&1; then
    # The status comes last from curl, and only when all went well.
    body=$(curl -q -sS --noproxy '*' --max-time "$seconds" -w '\n%{http_code}' -- "$url") || exit
    printf '%s\n%s' "${body##*
}" "${body%
*}"
elif command -v wget >/dev/null 2>&1; then
    # wget's exit code is all that it says of the status in every version.
    if body=$(wget -q -T "$seconds" -O - "$url"); then
        printf '200\n%s' "$body"
    else
        exit
    fi
else
    exit 127
fi
