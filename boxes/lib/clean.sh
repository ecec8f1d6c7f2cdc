# clean_root ROOT: takes away what must not be the same in two machines, and what a build leaves.
clean_root() {
  # Empty, not missing: systemd then makes one at the first boot.
  : >"$1/etc/machine-id"
  rm -f "$1"/var/lib/dbus/machine-id "$1"/etc/ssh/ssh_host_* "$1"/etc/dropbear/dropbear_*_host_key \
    "$1"/var/lib/systemd/random-seed "$1"/var/lib/systemd/credential.secret \
    "$1"/etc/resolv.conf.new "$1"/etc/passwd- "$1"/etc/group- "$1"/etc/shadow- "$1"/etc/gshadow-
  rm -rf "$1"/var/log/* "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/tmp/* "$1"/var/tmp/* \
    "$1"/root/.cache "$1"/run/*
  # mmdebstrap keeps services from starting while it installs, and undoes that only in its own root.
  rm -f "$1/usr/sbin/policy-rc.d"
  if [ -e "$1/sbin/start-stop-daemon.REAL" ]; then
    mv -f "$1/sbin/start-stop-daemon.REAL" "$1/sbin/start-stop-daemon"
  fi
}
