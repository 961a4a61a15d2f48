#!/bin/sh
# curl of a made-up host: `-s -g -m SECONDS -w '\n%{http_code}' -- URL`, of the host's own services and nobody else's.
format='' url=''
while [ $# -gt 0 ]; do
	case $1 in
	-m) shift ;;
	-w)
		shift
		format=$1
		;;
	-*) ;;
	*) url=$1 ;;
	esac
	shift
done
status=000
case $url in
*..*) ;;
http://127.0.0.1:*) answer=$QD_ROOT/demo/http/${url#http://127.0.0.1:} ;;
esac
if [ -n "${answer:-}" ] && [ -r "$answer" ]; then
	status=$(head -n 1 "$answer")
	tail -n +2 "$answer"
fi
[ -z "$format" ] || printf '\n%s' "$status"
[ "$status" != 000 ] || exit 7
