# clean_root ROOT: takes away what must not be the same in two machines, and what a build leaves. Folders and
# logs that packages made stay, empty, with their owners and modes: services do not start without them.
clean_root() {
  # Empty, not missing: systemd then makes one at the first boot.
  : >"$1/etc/machine-id"
  rm -f "$1"/var/lib/dbus/machine-id "$1"/etc/ssh/ssh_host_* "$1"/etc/dropbear/dropbear_*_host_key \
    "$1"/var/lib/systemd/random-seed "$1"/var/lib/systemd/credential.secret \
    "$1"/etc/resolv.conf.new "$1"/etc/passwd- "$1"/etc/group- "$1"/etc/shadow- "$1"/etc/gshadow-
  # An empty journal is a damaged one, and it lies in a folder named after the machine.
  clean_below "$1/var/log/journal" -delete
  clean_below "$1/var/log" -type f -exec truncate -s 0 {} +
  clean_below "$1/var/cache/apt" -type f -delete
  clean_below "$1/var/lib/apt/lists" -type f -delete
  clean_below "$1/tmp" -delete
  clean_below "$1/var/tmp" -delete
  clean_below "$1/run" -delete
  rm -rf "$1/root/.cache"
  # mmdebstrap keeps services from starting while it installs, and undoes that only in its own root.
  rm -f "$1/usr/sbin/policy-rc.d"
  if [ -e "$1/sbin/start-stop-daemon.REAL" ]; then
    mv -f "$1/sbin/start-stop-daemon.REAL" "$1/sbin/start-stop-daemon"
  fi
}

# clean_below FOLDER EXPRESSION...: find's, for what lies in a folder, if it is there; links are not followed.
clean_below() {
  [ -d "$1" ] && [ ! -L "$1" ] || return 0
  clean_folder=$1
  shift
  find "$clean_folder" -mindepth 1 "$@"
}
