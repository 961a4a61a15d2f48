#!/bin/sh
# sudo of a made-up host: lets its user act on units, and nothing else. The real machine's is never asked.
list=''
while [ $# -gt 0 ]; do
	case $1 in
	-n) ;;
	-l) list=1 ;;
	*) break ;;
	esac
	shift
done
case ${1:-}/${2:-} in
systemctl/start | systemctl/stop | systemctl/restart | systemctl/reload | journalctl/*)
	if [ -n "$list" ]; then
		echo "$*"
		exit 0
	fi
	exec "$@"
	;;
esac
echo "sudo: on a made-up host it only lets you act on units" >&2
exit 127
