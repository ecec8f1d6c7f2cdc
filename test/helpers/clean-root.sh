#!/bin/sh
# clean-root.sh HOME COMMAND...: runs a command as a CI job's container would: an ordinary user, this host's programs
# read-only, an empty /tmp, a /dev without kvm; HOME is /home/ci there. Needs user namespaces, or root.
set -eu
if [ "${CLEAN_ROOT_STAGE:-}" = '' ]; then
  CLEAN_ROOT_STAGE=mounts exec unshare --user --map-root-user --mount --pid --fork --kill-child sh "$0" "$@"
fi
home=$1
shift
root=/mnt
mount -t tmpfs none "$root"
cd "$root"
mkdir -p usr etc proc dev tmp home/ci var/lib/dpkg
mount --rbind /usr usr
mount -o remount,bind,ro usr
mount --rbind /etc etc
mount -o remount,bind,ro etc
mount --bind "$home" home/ci
mount -t proc proc proc
for name in bin sbin lib lib64; do [ -e "/$name" ] && ln -s "usr/$name" "$name"; done
for name in null zero random urandom; do
  : >"dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
ln -s /proc/self/fd dev/fd
chmod 1777 tmp
unset CLEAN_ROOT_STAGE
# An ordinary user: no capability in a namespace of its own, and no root in it.
exec unshare --user --map-user=1000 --map-group=1000 --root="$root" --wd=/home/ci "$@"
