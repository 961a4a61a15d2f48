# shellcheck shell=sh disable=SC2154
# Put before other scripts: the releases that lie on a host, and what it remembers of them. Parameters: root state, both
# with what stands for / before them.
lying() {
    echo "link=$(readlink "$root/current")"
    for folder in "$root"/releases/*/; do
        name=${folder%/}
        # What is no version's name is nobody's release; a line end in it would be lines of its own.
        case ${name##*/} in '' | *[!0-9A-Za-z._+-]*) continue ;; esac
        kind=placed
        [ ! -e "$folder.complete" ] || kind=made
        [ ! -e "$name.part" ] || kind=part
        [ -r "$folder" ] || kind=unreadable
        echo "release=$kind ${name##*/}"
    done
    echo "state=$(tr -d '\n' <"$state/state.json" 2>/dev/null)"
}
