# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The script strategy: commands that put a version in place, such as pip. Part of the runner, which reads it first.
# Not atomic: while the commands run, the version before is half gone. The kept archives are the way back.

stage() { # the archive, under its version and with the name that it was made with
    kept=$root/releases/$version
    if [ -e "$kept/.complete" ]; then
        [ "$(cat "$kept/.complete")" = "$sha256" ] || refuse "the kept $version is another archive" || return 1
    else
        rm -rf "$kept.part" && mkdir -p "$kept.part" || return 1
        if [ -n "$artifact" ]; then cp "$artifact" "$kept.part/$artifact_name" || return 1; fi
        echo "$sha256" >"$kept.part/.complete" && sync && rm -rf "$kept" && mv -T "$kept.part" "$kept" || return 1
    fi
    hook_before_switch
}

put() { # VERSION: its commands, with its archive
    at=''
    for at in "$root/releases/$1"/*; do [ ! -f "$at" ] || break; done
    [ -f "$at" ] || at=''
    if [ "$1" = "$version" ] && [ "$kind" = deploy ]; then install "$1" "$at"; else install_back "$1" "$at"; fi &&
        verify "$1" "$at"
}

unchanged() { :; } # there is no link that somebody could have moved
untouched() { ! had begin install; }
changed() { :; }
