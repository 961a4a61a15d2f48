# shellcheck shell=sh disable=SC2154,SC2034,SC2086,SC2012
# The release-dir strategy: ROOT/releases/VERSION, and the link ROOT/current. Part of the runner, which reads it first.
# Staging changes nothing that is served.

listed() { # whether nothing in the archive could leave its folder, or be more than files
    tar -tzf "$artifact" >"$run/names" 2>>"$out" || refuse "the archive cannot be read" || return 1
    ! grep -Eq '^/|(^|/)\.\.(/|$)' "$run/names" || refuse "the archive holds a name that leads out of it" || return 1
    tar -tvzf "$artifact" >"$run/kinds" 2>>"$out" || return 1
    ! grep -Eq '^[^-dl]|^-.* -> ' "$run/kinds" || refuse "the archive holds a device or a hard link" || return 1
    ! grep -Eq '^.(..[sS]|.....[sS])' "$run/kinds" || refuse "the archive holds a set-uid file" || return 1
    ! grep -Eq '^l.* -> (/|(.*/)?\.\.(/|$))' "$run/kinds" || refuse "the archive holds a link that leads out of it"
}

unpack() {
    new=$root/releases/.$version.$run_id
    listed && $as rm -rf "$root/releases/.$version".* && $as mkdir -p "$new" || return 1
    step unpack 600 $as tar -xzof "$artifact" -C "$new" || return 1
    top=$($as ls -A "$new")
    # A single folder at the top is the release itself.
    if [ "$(printf '%s\n' "$top" | wc -l)" = 1 ] && [ -d "$new/$top" ] && [ ! -h "$new/$top" ]; then
        $as mv "$new/$top" "$new.top" && $as rmdir "$new" && $as mv "$new.top" "$new" || return 1
    fi
    $as chmod -R u+rwX,g+rX,o+rX "$new" && echo "$sha256" | $as tee "$new/.complete" >/dev/null && sync || return 1
    $as mv -T "$new" "$root/releases/$version"
}

link() { # PATH: a file or folder of ROOT/shared as the release sees it
    at=$root/releases/$version/$1
    [ -e "$root/shared/$1" ] || refuse "there is no $root/shared/$1" || return 1
    if [ -e "$at" ] && [ ! -h "$at" ]; then refuse "the release brings its own $1, which is shared"; return 1; fi
    $as mkdir -p "$(dirname "$at")" && $as ln -sfn "$root/shared/$1" "$at"
}

stage() {
    if [ -n "$artifact" ] && [ ! -e "$root/releases/$version" ]; then
        unpack || return 1
    elif [ -n "$artifact" ]; then
        [ "$(cat "$root/releases/$version/.complete")" = "$sha256" ] || refuse "releases/$version holds something else" || return 1
    elif [ "$(ls -lnR "$root/releases/$version" 2>/dev/null | sha256sum)" != "$pin" ]; then
        refuse "releases/$version is not what the plan saw" || return 1
    fi
    links && hook_before_switch
}

put() { # VERSION: one rename; whoever looks sees the old release or the new one
    note begin switch
    $as rm -f "$root/.current.$run_id"
    $as ln -s "releases/$1" "$root/.current.$run_id" && $as mv -fT "$root/.current.$run_id" "$root/current"
    rc=$?
    note end switch "$rc" 0
    [ "$rc" = 0 ] || why="the link $root/current cannot be switched"
    return "$rc"
}

unchanged() { [ "$(readlink "$root/current")" = "$link_before" ]; } # whether all is as the plan saw it
untouched() { [ "$(readlink "$root/current")" = "releases/$previous" ]; } # whether the release before is still live
like() { (cd "$root/releases/$1" && find . -type f -path "./$migrate_when" -exec sha256sum {} + | sort); }
changed() { # whether a migration has anything to do: files like these differ from those of the release before
    [ -z "$migrate_when" ] || [ -z "$previous" ] || [ "$(like "$previous")" != "$(like "$version")" ]
}
