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

# Of the kernel's modules only those for virtual machines stay; there is no udev to load others.
version=$(basename "$root"/lib/modules/*)
kept="$root/lib/modules.kept"
for module in $(cd "$root/lib/modules/$version" && find kernel/drivers/virtio kernel/drivers/acpi/button.ko \
  kernel/drivers/input/evdev.ko kernel/drivers/char kernel/drivers/net/virtio_net.ko \
  kernel/drivers/net/net_failover.ko kernel/net/vmw_vsock kernel/net/core kernel/drivers/block/virtio_blk.ko \
  kernel/fs/fuse kernel/fs/overlayfs kernel/fs/isofs -name '*.ko'); do
  mkdir -p "$kept/$version/$(dirname "$module")"
  mv "$root/lib/modules/$version/$module" "$kept/$version/$module"
done
rm -rf "$root/lib/modules"
mv "$kept" "$root/lib/modules"

rm -rf "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale "$root"/usr/share/info \
  "$root"/usr/share/bash-completion "$root"/var/lib/apt "$root"/var/lib/dpkg "$root"/var/cache "$root"/etc/apt
ldconfig -r "$root"
