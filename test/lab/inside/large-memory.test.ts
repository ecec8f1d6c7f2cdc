import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { inFolder } from '../../helpers/qemu-img.ts'
import { labGuest } from './lab-guest.ts'

const MiB = 2 ** 20

// One start of a guest and 300 MiB read by its disk into memory beyond 4 GiB: some 40 s.
it('gives the guest the memory above the hole at 3 GiB, and devices reach it', () =>
  inFolder(async (folder) => {
    const content = randomBytes(300 * MiB)
    const base = { path: join(folder, 'base.raw'), format: 'raw' as const }
    await writeFile(base.path, content)
    const disk = { name: 'root', path: join(folder, 'root.qcow2'), base, size: content.length }
    const guest = await labGuest({ memory: 4096 * MiB, disks: [disk] })
    onTestFinished(() => guest.discard())
    await guest.start()
    const total = /MemTotal:\s+(\d+) kB/.exec(await guest.run('cat /proc/meminfo'))?.[1]
    expect(Number(total)).toBeGreaterThan(3900 * 1024)
    expect(await guest.run('cat /proc/iomem')).toMatch(/^100000000-13fffffff : System RAM$/m)

    const free = async () =>
      4096 * Number(/zone +Normal\s+pages free +(\d+)/.exec(await guest.run('cat /proc/zoneinfo'))?.[1])
    const before = await free()
    const sum = await guest.run(
      'mkdir /tmp/m && mount -t tmpfs -o size=3g none /tmp/m && dd if=/dev/vda of=/tmp/m/copy bs=1M iflag=direct 2>/dev/null && md5sum /tmp/m/copy',
    )
    expect(sum.split(' ')[0]).toBe(createHash('md5').update(content).digest('hex'))
    // The kernel takes memory above 4 GiB before that below.
    expect(before - (await free())).toBeGreaterThan(200 * MiB)
  }))
