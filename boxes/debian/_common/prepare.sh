#!/bin/sh
# Turns the configured packages in $root into a development machine. Runs as root of the build's
# namespace, outside the new root, with the variables that lib/image.sh sets.
set -eu

chroot "$root" useradd --create-home --shell /bin/bash --groups sudo,adm,dialout --comment Posada "$login_user"
# No password fits `*`; unlike a locked account (`!`) sshd lets it log in by key.
chroot "$root" usermod --password '*' "$login_user"
chroot "$root" passwd --quiet --lock root
chmod 440 "$root"/etc/sudoers.d/*
mkdir -p "$root/var/lib/posada"

# The kernel that boots is the box's own; without this package apt brings no new ones.
chroot "$root" dpkg --purge "linux-image-cloud-$(chroot "$root" dpkg --print-architecture)"

for unit in posada-network posada-private-networks posada-ready; do chroot "$root" systemctl --quiet enable "$unit.service"; done

# The kernel's command line starts posada-login.target: SSH and the network. The whole system,
# multi-user.target, follows when the first login has had its time.
chroot "$root" systemctl --quiet enable ssh.service

rm -f "$root"/usr/lib/systemd/system/multi-user.target.wants/systemd-logind.service \
  "$root"/usr/lib/systemd/system/multi-user.target.wants/dbus.service

# Each generator costs a process before anything is started. fstab's stays; systemd's others are for things that this
# machine does not have: consoles with logins, encrypted disks, init scripts. Those of other packages are theirs.
mkdir -p "$root/etc/systemd/system-generators"
for generator in $(chroot "$root" dpkg-query --listfiles systemd | grep '/systemd/system-generators/'); do
  name=$(basename "$generator")
  [ "$name" = systemd-fstab-generator ] || ln -sf /dev/null "$root/etc/systemd/system-generators/$name"
done

# What a machine for development does not need, or what would take apt's lock behind its back; a /tmp in memory would
# hide what the first login has put there.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer systemd-pstore.service systemd-networkd-wait-online.service \
  getty@.service serial-getty@.service console-getty.service getty.target getty-static.service \
  systemd-binfmt.service sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount \
  proc-sys-fs-binfmt_misc.automount systemd-firstboot.service systemd-sysusers.service \
  systemd-machine-id-commit.service systemd-boot-update.service ldconfig.service \
  systemd-hwdb-update.service systemd-journal-catalog-update.service systemd-update-done.service systemd-journald-audit.socket \
  modprobe@configfs.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service \
  systemd-repart.service systemd-fsck-root.service systemd-quotacheck.service \
  systemd-ask-password-console.path systemd-ask-password-wall.path \
  systemd-update-utmp-runlevel.service \
  sshd-keygen.service tmp.mount; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# No graphical target is wanted.
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"

sed -i 's/^hosts:.*/hosts: files myhostname dns/' "$root/etc/nsswitch.conf"
rm -f "$root"/etc/apt/apt.conf.d/*mmdebstrap* "$root"/etc/dpkg/dpkg.cfg.d/*mmdebstrap* "$root"/etc/apt/sources.list.d/* \
  "$root"/etc/update-motd.d/*
# Systemd's package makes it on a new system; here the log is in memory.
rm -rf "$root/var/log/journal"
# Packages that are installed later want the manual's folders and the aliases of locales.
rm -rf "$root"/usr/share/info/*
find "$root/usr/share/man" -mindepth 1 ! -path '*/man/man[1-9]' -delete
find "$root/usr/share/locale" -mindepth 1 ! -name locale.alias -delete
