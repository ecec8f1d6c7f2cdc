import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { cpioArchive } from '../../../src/box/install/cpio.ts'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import { busyboxGuest } from '../../helpers/busybox-guest.ts'
import { networkBytes } from './inside/guest-run.ts'

const run = promisify(execFile)

/** What each guest of the benches is made of; `io` is what serves its network on the host, too. */
export interface BenchFiles {
  kernel: string
  initrd: string
  io: string
}

const modules = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'virtio_mmio'],
  ...[
    'virtio_blk',
    'failover',
    'net_failover',
    'virtio_net',
    'virtio_console',
    'virtio-rng',
    'virtio_balloon',
  ],
]

/** Makes them in `folder`: the kernel is Debian's, the initrd has busybox, io.c and `init`. */
export async function benchFiles(folder: string): Promise<BenchFiles> {
  const { kernel } = await busyboxGuest()
  const packages = join(kernel, '..', '..')
  const io = join(folder, 'io')
  await run('gcc', [
    '-O2',
    '-static',
    '-pthread',
    '-o',
    io,
    join(packageRoot(), 'test', 'bench', 'kvm', 'io.c'),
  ])
  const tree = join(packages, 'lib', 'modules')
  const all = await readdir(tree, { recursive: true })
  const file = async (name: string, path: string, mode = 0o100755) => ({
    ...{ name, mode },
    content: await readFile(path),
  })
  const found = modules.map((name) => {
    const path = all.find((candidate) => basename(candidate) === `${name}.ko`)
    if (path === undefined) throw new Error(`the kernel package has no module ${name}`)
    return file(`lib/${name}.ko`, join(tree, path), 0o100644)
  })
  const archive = cpioArchive([
    ...['bin', 'lib', 'proc', 'sys', 'dev'].map((name) => ({ name, mode: 0o040755 })),
    await file('bin/busybox', join(packages, 'bin', 'busybox')),
    await file('bin/io', io),
    ...(await Promise.all(found)),
    { name: 'init', mode: 0o100755, content: init },
  ])
  const initrd = join(folder, 'initrd')
  await writeFile(initrd, archive)
  return { kernel, initrd, io }
}

/** `bench=` of the kernel's command line is a variable here. Each result is a line `bench NAME RATE`. */
const init = `#!/bin/busybox sh
echo "user space"
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
for m in ${modules.join(' ')}; do insmod /lib/$m.ko; done
measure() { name=$1; shift; echo "begin $name"; echo "bench $name $(io "$@")"; }
disk() {
  measure fill fill /dev/vda 67108864
  for round in 1 2; do
    for depth in 1 8; do
      for order in seq rand; do
        for way in read write; do measure $order-$way-$depth disk /dev/vda $way $order 4096 $depth 1.5; done
      done
    done
  done
}
network() {
  ifconfig lo up; ifconfig eth0 10.0.2.15 netmask 255.255.255.0 mtu 65520 up; route add default gw 10.0.2.2
  measure warm-up receive 10.0.2.2 7001 1048576
  for round in 1 2; do
    measure send send 10.0.2.2 7001 ${networkBytes}
    measure receive receive 10.0.2.2 7001 ${networkBytes}
    measure rounds rounds 10.0.2.2 7001 1.5
  done
}
case "$bench" in
  disk) disk ;;
  network) network ;;
esac
echo "that is all"
while true; do sleep 1000; done
`
