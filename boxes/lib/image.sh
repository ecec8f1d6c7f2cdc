#!/bin/sh
# Makes a box's files out of a root filesystem. Called by mmdebstrap as a customize hook, as root of
# the build's namespace: `image.sh ROOT`. Reads ROOT/posada-build (settings.sh, lib/, recipe/,
# login.pub) and leaves ROOT/posada-out (vmlinuz, initrd, root.qcow2). Works on a copy, for
# mmdebstrap still needs its own files in ROOT.
set -eu
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
source=$1
# Beside ROOT, in the folder that is swept where this is killed.
work=$(mktemp -d -p "$(dirname "$source")")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

mv "$source/posada-build" "$work/build"
chown -R 0:0 "$work/build"
root="$work/root"
cp -a -x "$source" "$root"
. "$work/build/settings.sh"
export root arch login_user initrd_modules

# A link of a package is replaced and not followed: it may be absolute, and lead out of the root.
cp -R --no-preserve=ownership --remove-destination "$work/build/recipe/files/." "$root/"
sh "$work/build/recipe/prepare.sh"

home="$root/home/$login_user"
owner=$(awk -F: -v user="$login_user" '$1 == user { print $3 ":" $4 }' "$root/etc/passwd")
mkdir -p "$home/.ssh"
cp "$work/build/login.pub" "$home/.ssh/authorized_keys"
chmod 700 "$home/.ssh"
chmod 600 "$home/.ssh/authorized_keys"
chown -R "$owner" "$home"

out="$work/out"
mkdir "$out"
for part in initrd clean disk; do . "$work/build/lib/$part.sh"; done
if [ "$boot" = kernel ]; then
  cp "$root"/boot/vmlinuz-* "$out/vmlinuz"
  make_initrd "$root" "$work/initrd" "$out/initrd"
  rm -rf "$root"/boot/*
fi
clean_root "$root"
case $boot in
  kernel) make_disk "$root" "$work/root.raw" ;;
  bios) make_bios_disk "$root" "$work/root.raw" "$work" ;;
esac
qemu-img convert -f raw -O qcow2 "$work/root.raw" "$out/root.qcow2"
mv "$out" "$source/posada-out"
chmod -R a+rX "$source/posada-out"
