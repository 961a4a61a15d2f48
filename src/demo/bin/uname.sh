#!/bin/sh
# uname of a made-up host.
read -r name <"$QD_ROOT/proc/sys/kernel/hostname"
read -r release <"$QD_ROOT/proc/sys/kernel/osrelease"
case "${1:--s}" in
-s) echo Linux ;;
-n) echo "$name" ;;
-r) echo "$release" ;;
-m) echo x86_64 ;;
-sr) echo "Linux $release" ;;
-srm) echo "Linux $release x86_64" ;;
*) echo "Linux $name $release x86_64 GNU/Linux" ;;
esac
