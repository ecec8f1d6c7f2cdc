import { quote } from '../../../ssh/index.ts'

export interface CleanOptions {
  /** The public key that the machine's owner logs in with: `<type> <base64>`, a comment may follow. */
  ownKey: string
  /** What takes its place; null: nothing, for a seed will bring the next machine's. */
  boxKey: string | null
  /** Whether what programs have fetched and may fetch again stays, and what lies in temporary folders. */
  keepsCaches?: boolean
}

/** What the script says last where the filesystems stand still, and where they could not be stopped. */
export const cleanWords = { still: 'posada-clean-still', writing: 'posada-clean-writing' } as const

/**
 * Shell text, run as root in a guest of which a box is to be made: takes away what two machines must not
 * share and what only this one had, gives free space back, and ends with all filesystems read-only, so that
 * nothing of it is written again by a shutdown. The guest is of no use afterwards.
 */
export function cleanScript({ ownKey, boxKey, keepsCaches = false }: CleanOptions): string {
  return [
    'set -e',
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C',
    stopServices,
    replaceKeys(ownKey, boxKey),
    forgetIdentity,
    // cloud-init makes host keys by itself.
    ...(boxKey === null ? [] : [makeHostKeysAnew]),
    forgetUse,
    ...(keepsCaches ? [] : [forgetCaches]),
    giveBack,
    standStill,
  ].join('\n')
}

/**
 * What is still starting would write later, what writes would write again; and a database that was stopped is
 * whole. What this session hangs on stays.
 */
const stopServices = `if [ -d /run/systemd/system ]; then
  timeout 120 systemctl is-system-running --wait >/dev/null 2>&1 || :
  systemctl list-units --type=timer,socket,service --state=active --plain --no-legend 2>/dev/null |
  while read -r unit rest; do
    case $unit in
      ssh*|systemd-*|dbus*|posada-*|network*|NetworkManager*|netplan*|ifup@*|user*|session*|init*|getty*|serial-*|console-*|cloud-*|kmod*|udev*|qemu-guest-agent*) ;;
      *) timeout 60 systemctl stop "$unit" >/dev/null 2>&1 || : ;;
    esac
  done
fi`

/** The public keys stand in the homes of those who logged in with them. */
function replaceKeys(ownKey: string, boxKey: string | null): string {
  const own = ownKey.trim().split(' ')[1]
  if (own === undefined || !/^[A-Za-z0-9+/=]{32,}$/.test(own)) throw new Error('not a public key line')
  const put = boxKey === null ? '' : `  printf '%s\\n' ${quote(boxKey.trim())} >> "$f.posada"\n`
  return `for f in /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys; do
  [ -f "$f" ] && grep -qF ${quote(own)} "$f" || continue
  grep -vF ${quote(own)} "$f" > "$f.posada" || :
${put}  cat "$f.posada" > "$f"
  rm -f "$f.posada"
done`
}

const forgetIdentity = `[ ! -e /etc/machine-id ] || : > /etc/machine-id
[ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id
rm -f /etc/ssh/ssh_host_*key /etc/ssh/ssh_host_*key.pub /etc/dropbear/dropbear_*_host_key
rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /var/lib/urandom/random-seed
if command -v cloud-init >/dev/null 2>&1; then
  cloud-init clean --logs --seed >/dev/null 2>&1 || rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/sem /var/lib/cloud/data
  rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init* /etc/systemd/network/10-cloud-init-* \\
    /etc/NetworkManager/system-connections/cloud-init-* /etc/udev/rules.d/70-persistent-net.rules
fi`

/** Debian makes host keys when the package is installed and never again. */
const makeHostKeysAnew = `if [ -d /run/systemd/system ] && [ ! -x /usr/lib/posada/host-key ] && [ ! -e /usr/lib/systemd/system/sshd-keygen.target ]; then
  cat > /etc/systemd/system/posada-host-keys.service <<'UNIT'
[Unit]
Description=Make SSH host keys where there are none
ConditionPathExistsGlob=!/etc/ssh/ssh_host_*_key
Before=ssh.service sshd.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=ssh.service sshd.service
UNIT
  systemctl enable posada-host-keys.service >/dev/null 2>&1
fi`

const forgetCaches = `rm -rf /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/* /var/cache/apt/*.bin \\
  /var/lib/apt/lists/* /var/cache/dnf/* /var/cache/apk/* /var/tmp/* /tmp/*
for home in /root /home/*; do rm -rf "$home/.cache"; done`

const forgetUse = `rm -rf /var/log/journal/* /tmp/posada-*
[ ! -w /etc/fstab ] || sed -i '/^# posada disks: begin$/,/^# posada disks: end$/d' /etc/fstab
find /var/log -type f 2>/dev/null | while read -r f; do
  case $f in *.gz|*.xz|*.old|*.[0-9]) rm -f "$f" ;; *) : > "$f" ;; esac
done
rm -f /var/lib/dhcp/*lease* /var/lib/dhclient/*lease* /var/lib/dhcpcd/*lease* /var/lib/NetworkManager/*lease*
for home in /root /home/*; do
  rm -rf "$home/.bash_history" "$home/.ash_history" "$home/.zsh_history" "$home/.python_history" \\
    "$home/.lesshst" "$home/.viminfo" "$home/.wget-hsts" "$home/.sudo_as_admin_successful"
done`

const giveBack = `sync
fstrim -a >/dev/null 2>&1 || fstrim / >/dev/null 2>&1 || :`

/** Source: Linux, admin-guide/sysrq: \`u\` remounts all filesystems read-only, a little later. */
const standStill = `sync
[ ! -w /proc/sysrq-trigger ] || echo u > /proc/sysrq-trigger
tries=0
until grep -q '^[^ ]* / [^ ]* ro[, ]' /proc/mounts; do
  tries=$((tries + 1))
  if [ $tries -gt 100 ]; then
    echo ${cleanWords.writing}
    exit 0
  fi
  sleep 0.1
done
echo ${cleanWords.still}`
