#!/bin/sh
# systemctl of a made-up host: shows the units that the world has written down, and has it start and stop them.
units=$QD_ROOT/demo/units
asked=$QD_ROOT/demo/asked
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

# act VERB NAME: asks the world for it, and waits until it is done, as systemctl does.
act() {
	case $2 in *.*) unit=$2 ;; *) unit=$2.service ;; esac
	if [ ! -r "$units/$unit" ]; then
		echo "Failed to $1 $unit: Unit $unit not found." >&2
		return 5
	fi
	request=$asked/$(date +%s)-$$-$unit
	echo "$1 $unit" >"$request.new" && mv "$request.new" "$request" || return 1
	turns=0
	while [ -e "$request" ] || grep -qx 'ActiveState=activating' "$units/$unit"; do
		turns=$((turns + 1))
		if [ "$turns" -gt 300 ]; then
			echo "Job for $unit timed out." >&2
			return 1
		fi
		sleep 0.1
	done
}

case $verb in
start | stop | restart | reload)
	if [ -z "$names" ]; then
		echo "Too few arguments." >&2
		exit 1
	fi
	for name in $names; do act "$verb" "$name" || exit; done
	;;
status)
	for name in $names; do
		show "$name" | sed -n 's/^\(Id\|Description\|ActiveState\|SubState\|MainPID\|ActiveEnterTimestamp\)=/\1: /p'
	done
	;;
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
	echo "systemctl: $verb: a made-up host starts, stops and shows its units, no more" >&2
	exit 1
	;;
esac
