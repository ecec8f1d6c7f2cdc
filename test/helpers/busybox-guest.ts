import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { cpioArchive } from '../../src/box/install/cpio.ts'
import { isErrno } from '../../src/lib/files/errno.ts'

const run = promisify(execFile)

export interface BusyboxGuest {
  kernel: string
  initrd: string
  /** What stands on the command line as `guest.<…>` is read by init, see below. */
  cmdline: string
}

/** Modules that the guest loads, each after what it needs. */
const modules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_blk',
  'failover',
  'net_failover',
  'virtio_net',
  'virtio_console',
  'virtio-rng',
  'virtio_balloon',
  'evdev',
  'button',
]

/**
 * A guest of Debian's cloud kernel and busybox, made from packages fetched with apt once and kept in
 * the temporary folder. It boots in 3 s under emulation, then
 * - prints what stands on its second disk, where there is one,
 * - prints what ports of the gateway say first, those in `guest.host=<port>,<port>…`,
 * - prints `guest is up` on the console,
 * - has the address 10.9.9.2 on a second NIC, where there is one,
 * - answers each TCP connection to port 7 with what it was sent,
 * - writes the line `ready` to the ready port whenever something listens,
 * - shuts down when its power button is pressed, unless `guest.deaf` stands on its command line,
 * - runs what TCP connections to port 8 say by its shell, where `guest.shell` stands on its command line; it is
 *   not up before it does,
 * - does what `guest.then=<what>` says: `poweroff`, `tell` what it sees of its devices, run `/answers.sh`.
 */
export async function busyboxGuest(): Promise<BusyboxGuest> {
  const folder = join(tmpdir(), `posada-test-guest-${process.getuid?.() ?? 0}`)
  const initrd = join(folder, 'initrd')
  const packages = join(folder, 'packages')
  if (!existsSync(packages)) await fetchPackages(folder, packages)
  const kernel = join(packages, 'boot', only(readdirSync(join(packages, 'boot')), 'vmlinuz'))
  const content = await initramfs(packages)
  const temporary = `${initrd}.${process.pid}`
  await writeFile(temporary, content)
  await rename(temporary, initrd)
  return { kernel, initrd, cmdline: 'quiet no_timer_check' }
}

async function fetchPackages(folder: string, packages: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const work = await mkdtemp(join(folder, 'work-'))
  try {
    const image = (await kernelPackage()) ?? (await afterUpdate(kernelPackage))
    if (image === null) throw new Error('apt knows no linux-image-cloud-amd64')
    await run('apt-get', ['download', image, 'busybox-static'], { cwd: work })
    const unpacked = join(work, 'unpacked')
    for (const name of await readdir(work)) {
      if (name.endsWith('.deb')) await run('dpkg', ['--extract', name, unpacked], { cwd: work })
    }
    await rename(unpacked, packages).catch((error: unknown) => {
      // Another test file was first.
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The package that the metapackage leads to; null where apt has no lists yet. */
async function kernelPackage(): Promise<string | null> {
  const { stdout } = await run('apt-cache', [
    'depends',
    '--quiet=2',
    '--important',
    'linux-image-cloud-amd64',
  ]).catch((error: { stderr: string }) =>
    error.stderr.includes('No packages found') ? { stdout: '' } : Promise.reject(error),
  )
  return /Depends: (linux-image-\S+)/.exec(stdout)?.[1] ?? null
}

async function afterUpdate<T>(work: () => Promise<T>): Promise<T> {
  await run('apt-get', ['update', '--quiet=2'])
  return await work()
}

async function initramfs(packages: string): Promise<Buffer> {
  const tree = join(packages, 'lib', 'modules')
  const all = await readdir(tree, { recursive: true })
  const found = modules.map((name) => {
    const path = all.find((candidate) => basename(candidate) === `${name}.ko`)
    if (path === undefined) throw new Error(`the kernel package has no module ${name}`)
    return { name, path: join(tree, path) }
  })
  const folders = ['bin', 'lib', 'proc', 'sys', 'dev', 'etc', 'tmp']
  return cpioArchive([
    ...folders.map((name) => ({ name, mode: 0o040755 })),
    { name: 'bin/busybox', mode: 0o100755, content: await readFile(join(packages, 'bin', 'busybox')) },
    ...(await Promise.all(
      found.map(async ({ name, path }) => ({
        name: `lib/${name}.ko`,
        mode: 0o100644,
        content: await readFile(path),
      })),
    )),
    { name: 'init', mode: 0o100755, content: init },
    { name: 'etc/dhcp', mode: 0o100755, content: dhcp },
  ])
}

const dhcp = `#!/bin/sh
[ "$1" = bound ] && ifconfig $interface $ip netmask $subnet && echo "host name is $hostname"
exit 0
`

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
for m in ${modules.join(' ')}; do insmod /lib/$m.ko; done
for file in /sys/class/virtio-ports/*; do
  [ -e $file/name ] && mkdir -p /dev/virtio-ports && ln -s ../\${file##*/} /dev/virtio-ports/$(cat $file/name)
done
ifconfig lo up; [ -e /sys/class/net/eth1 ] && ifconfig eth1 10.9.9.2 netmask 255.255.255.0 up
ifconfig eth0 up; udhcpc -q -n -t 5 -i eth0 -s /etc/dhcp
nc -ll -p 7 -e /bin/cat &
if grep -q guest.shell /proc/cmdline; then
  nc -ll -p 8 -e /bin/sh &
  until grep -qs ':0008 ' /proc/net/tcp /proc/net/tcp6; do usleep 50000; done
fi
if ! grep -q guest.deaf /proc/cmdline; then
  (for input in /sys/class/input/event*; do
    grep -q "Power Button" $input/device/name && head -c 24 /dev/input/\${input##*/} > /dev/null && poweroff -f
  done) &
fi
[ -b /dev/vdb ] && echo "medium $(cat /sys/block/vdb/serial) says $(head -n 1 /dev/vdb), read-only $(cat /sys/block/vdb/ro)"
for port in $(sed -n 's/.*guest.host=\\([0-9,]*\\).*/\\1/p' /proc/cmdline | tr , ' '); do
  echo "host $port says $(nc -w 5 10.0.2.2 $port </dev/null 2>&1 | head -n 1)"
done
echo "guest is up"
case "$(cat /proc/cmdline)" in
  *guest.then=poweroff*) sleep 1; poweroff -f ;;
  *guest.then=answers*) . /answers.sh ;;
  *guest.then=tell*)
    echo "processors $(grep -c ^processor /proc/cpuinfo)"
    echo "disk $(cat /sys/block/vda/serial) of $(cat /sys/block/vda/size) sectors"
    echo "random $(cat /sys/class/misc/hw_random/rng_current)"
    echo "ports $(ls /dev/virtio-ports | xargs)"
    echo "svm $(grep -qw svm /proc/cpuinfo && echo yes)"
    echo "that is all" ;;
esac
while true; do echo ready > /dev/virtio-ports/org.posada.ready.0; sleep 1; done
`

function only(names: readonly string[], prefix: string): string {
  const found = names.find((name) => name.startsWith(prefix))
  if (found === undefined) throw new Error(`no ${prefix} among ${names.join(', ')}`)
  return found
}
