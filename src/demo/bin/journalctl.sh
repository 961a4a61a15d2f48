#!/bin/sh
# journalctl of a made-up host: `-o json [-u UNIT] [-n N] [--cursor=C] [-f]`, from the file that the world appends to.
# Anything else that is asked for is not looked at; --since gets all, which is the last minutes.
journal=$QD_ROOT/demo/journal
unit='' first=+1 follow=''
while [ $# -gt 0 ]; do
	case $1 in
	-u)
		shift
		unit=$1
		;;
	-n)
		shift
		case $1 in all) first=+1 ;; *) first=$1 ;; esac
		;;
	--cursor=*) cursor=${1#*=} ;;
	-f) follow=-F ;;
	esac
	shift
done
if [ -n "${cursor:-}" ]; then
	at=$(grep -nF "\"__CURSOR\":\"$cursor\"" "$journal" | cut -d: -f1)
	first=+${at:-1}
fi
if [ -z "$unit" ]; then
	exec tail -n "$first" ${follow:+"$follow"} "$journal"
fi
case $unit in *.*) ;; *) unit=$unit.service ;; esac
# The number of lines counts the unit's own, so it is left to the last.
wanted="\"_SYSTEMD_UNIT\":\"$unit\""
case $first in
+*) from=$first ;;
*) from=+$(($(wc -l <"$journal") + 1)) && grep -F "$wanted" "$journal" | tail -n "$first" ;;
esac
[ -n "$follow" ] || case $first in +*) ;; *) exit 0 ;; esac
tail -n "$from" ${follow:+"$follow"} "$journal" | while IFS= read -r entry; do
	case $entry in *"$wanted"*) printf '%s\n' "$entry" ;; esac
done
