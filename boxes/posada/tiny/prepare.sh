#!/bin/sh
# Turns the unpacked packages in $root into a system. Runs as root of the build's namespace, outside
# the new root, with the variables that lib/image.sh sets.
set -eu

mkdir -p "$root"/proc "$root"/sys "$root"/dev "$root"/run "$root"/root "$root"/mnt "$root"/tmp \
  "$root"/var/log "$root"/var/lib/posada "$root"/etc/dropbear "$root/home/$login_user"
chmod 1777 "$root/tmp"
chmod 700 "$root/root" "$root/home/$login_user"
chmod 640 "$root/etc/shadow"
chmod 440 "$root"/etc/sudoers "$root"/etc/sudoers.d/*

mkdir -p "$root/sbin"
ln -s /bin/busybox "$root/sbin/init"

# Every busybox applet that no package brings as a program of its own.
for applet in $(chroot "$root" /bin/busybox --list); do
  for dir in bin sbin usr/bin usr/sbin; do
    [ -e "$root/$dir/$applet" ] || [ -L "$root/$dir/$applet" ] && continue 2
  done
  ln -s /bin/busybox "$root/bin/$applet"
done

# The serial console, as the kernel calls it there.
[ "$arch" != aarch64 ] || sed -i 's/ttyS0/ttyAMA0/g' "$root/etc/inittab"

# Of the kernel's modules only those for virtual machines stay, and those that the initrd loads; there is no udev to
# load others.
version=$(basename "$root"/lib/modules/*)
kept="$root/lib/modules.kept"
cd "$root/lib/modules/$version"
of_initrd=$(for module in button $initrd_modules; do find kernel -name "$module.ko"; done)
for module in $(find kernel/drivers/virtio $of_initrd \
  kernel/drivers/input/evdev.ko kernel/drivers/char kernel/drivers/net/virtio_net.ko \
  kernel/drivers/net/net_failover.ko kernel/net/vmw_vsock kernel/net/core \
  kernel/fs/fuse kernel/fs/overlayfs kernel/fs/isofs -name '*.ko' | sort -u); do
  mkdir -p "$kept/$version/$(dirname "$module")"
  mv "$root/lib/modules/$version/$module" "$kept/$version/$module"
done
# The initrd is made by what it says.
cp modules.builtin "$kept/$version/"
cd /
rm -rf "$root/lib/modules"
mv "$kept" "$root/lib/modules"

rm -rf "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale "$root"/usr/share/info \
  "$root"/usr/share/bash-completion "$root"/var/lib/apt "$root"/var/lib/dpkg "$root"/var/cache "$root"/etc/apt
ldconfig -r "$root"
