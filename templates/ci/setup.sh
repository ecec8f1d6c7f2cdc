#!/bin/sh
# Prepares a CI job for `posada run`: installs what machines and new boxes need, as far as this user may, opens /dev/kvm,
# and says what there is. Safe to run again. Two lines install all of it:
#   npm install --global ./posada.tgz
#   sh "$(npm root --global)/posada/templates/ci/setup.sh"
set -eu

# Does something as root; fails where this user cannot.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 1
  fi
}

case $(uname -m) in
  aarch64) emulator=qemu-system-aarch64 package=qemu-system-arm ;;
  *) emulator=qemu-system-x86_64 package=qemu-system-x86 ;;
esac
missing=
PATH=$PATH:/usr/sbin:/sbin
for each in "$emulator=$package" qemu-img=qemu-utils passt=passt \
  mmdebstrap=mmdebstrap newuidmap=uidmap mke2fs=e2fsprogs mount=mount ssh-keygen=openssh-client; do
  command -v "${each%%=*}" >/dev/null 2>&1 || missing="$missing ${each#*=}"
done
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
if [ -n "$missing" ]; then
  if command -v apt-get >/dev/null 2>&1 && as_root apt-get -qq update; then
    # shellcheck disable=SC2086 # a list of words
    as_root apt-get -qq install -y --no-install-recommends $missing
  else
    echo "setup: cannot install$missing as this user" >&2
  fi
fi

# Runners have KVM, and their users are not in its group.
if [ -e /dev/kvm ] && ! { [ -r /dev/kvm ] && [ -w /dev/kvm ]; }; then
  rule='KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"'
  if [ -d /etc/udev/rules.d ] && echo "$rule" | as_root tee /etc/udev/rules.d/99-kvm.rules >/dev/null; then
    as_root udevadm control --reload-rules || true
    as_root udevadm trigger --name-match=kvm || true
  fi
  [ -w /dev/kvm ] || as_root chmod 0666 /dev/kvm || echo 'setup: /dev/kvm stays closed to this user' >&2
fi

# Ubuntu's kernels keep ordinary users from the namespaces that boxes are built in.
closed=kernel.apparmor_restrict_unprivileged_userns
if [ "$(id -u)" != 0 ] && [ "$(sysctl -n "$closed" 2>/dev/null)" = 1 ]; then
  as_root sysctl -q -w "$closed=0" || echo 'setup: this user cannot build boxes' >&2
fi

posada doctor --ci
