#!/bin/sh
# systemctl of a made-up host: shows the units that the world has written down.
units=$QD_ROOT/demo/units
verb='' names='' wanted='' values='' quiet=''
while [ $# -gt 0 ]; do
	case $1 in
	-p | --property)
		shift
		wanted="$wanted,$1"
		;;
	-p*) wanted="$wanted,${1#-p}" ;;
	--property=*) wanted="$wanted,${1#*=}" ;;
	--value) values=1 ;;
	-q | --quiet) quiet=1 ;;
	-*) ;;
	*) if [ -z "$verb" ]; then verb=$1; else names="$names $1"; fi ;;
	esac
	shift
done

# show NAME: its properties, all or those asked for.
show() {
	case $1 in *.*) unit=$1 ;; *) unit=$1.service ;; esac
	if [ -r "$units/$unit" ]; then
		cat "$units/$unit"
	else
		printf 'Id=%s\nNames=%s\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n' "$unit" "$unit"
	fi | while IFS='=' read -r key value; do
		case "$wanted," in
		,) ;;
		*",$key,"*) ;;
		*) continue ;;
		esac
		if [ -n "$values" ]; then printf '%s\n' "$value"; else printf '%s=%s\n' "$key" "$value"; fi
	done
}

case $verb in
show)
	blank=''
	for name in $names; do
		[ -z "$blank" ] || echo
		blank=1
		show "$name"
	done
	;;
is-active)
	wanted=,ActiveState values=1 worst=0
	for name in $names; do
		state=$(show "$name")
		[ -n "$quiet" ] || echo "$state"
		[ "$state" = active ] || worst=3
	done
	exit "$worst"
	;;
is-system-running) echo running ;;
list-units | '') ;; # none has failed in this world
*)
	echo "systemctl: $verb: a made-up host only shows its units" >&2
	exit 1
	;;
esac
