# Sourced by bin/quickstart, bin/test and tools/test-lab.sh: what a fresh Debian or Ubuntu lacks is installed, what is
# there is left. What each of them needs of the system:
quickstart_packages=(qemu-system-x86 qemu-utils mmdebstrap mount e2fsprogs openssh-client uidmap)
lab_packages=("${quickstart_packages[@]}" passt iperf3)
# shellcheck disable=SC2034 # for bin/test
test_packages=("${lab_packages[@]}" zstd xz-utils libarchive-tools docker-registry skopeo openssh-server
  dropbear-bin tcsh fish sudo procps iproute2 expect busybox-static shellcheck acpica-tools ovmf xorriso
  genisoimage tcpdump curl autopkgtest rsync exfat-fuse exfatprogs chromium
  qemu-system-arm qemu-user-static)

# say TEXT: one line of progress on stderr.
say() { printf '\n==> %s\n' "$*" >&2; }

# as_root CMD...: runs it as root, through sudo where we are not.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || { echo "root is needed for: $* (and sudo is not installed)" >&2; return 1; }
  sudo "$@"
}

# ensure_programs_of ARCH: the kernel runs programs of another architecture by qemu-user-static, also where no systemd
# has told it so, as in a container.
ensure_programs_of() {
  local handlers=/proc/sys/fs/binfmt_misc
  [ -e "$handlers/qemu-$1" ] && return
  [ -e "$handlers/register" ] || as_root mount -t binfmt_misc none "$handlers"
  as_root /usr/lib/systemd/systemd-binfmt "/usr/lib/binfmt.d/qemu-$1.conf"
}

# ensure_packages PACKAGE...: installs those that are missing.
ensure_packages() {
  missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || { echo "install these with your system's package manager: ${missing[*]}" >&2; return 1; }
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# ensure_node: Node 20 or later, and npm.
ensure_node() {
  command -v node >/dev/null || { echo 'Node 20 or later is needed: https://nodejs.org' >&2; return 1; }
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
    { echo "Node 20 or later is needed; this is $(node --version)" >&2; return 1; }
  command -v npm >/dev/null || { echo 'npm is needed' >&2; return 1; }
}

# ensure_npm_packages: those of package-lock.json, again only when it changed.
ensure_npm_packages() {
  if [ -f node_modules/.posada-lock ] && cmp -s package-lock.json node_modules/.posada-lock; then return; fi
  say 'installing npm packages'
  npm ci --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json node_modules/.posada-lock
}
