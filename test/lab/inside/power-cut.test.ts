import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { until } from '../../helpers/guest-talk.ts'
import { inFolder, qemuImg, qemuImgCheck } from '../../helpers/qemu-img.ts'
import { type LabGuest, labGuest } from './lab-guest.ts'

const run = promisify(execFile)
const size = 96 * 2 ** 20
const rounds = 3

/**
 * Writes one file after the other, of what its number says, and tells of each once it is flushed. Between them it
 * overwrites and removes, so that the disk has clusters to give up.
 */
const writer = (last: number) => `n=${last}
while true; do
  n=$((n+1))
  yes "file $n" | head -c $((n % 7 * 60000 + 5000)) > /mnt/$n && sync /mnt/$n && sync && echo flushed $n > /dev/ttyS0
  dd if=/dev/urandom of=/mnt-scratch bs=64k count=20 2>/dev/null; rm -f /mnt/scratch; cp /mnt-scratch /mnt/scratch
done`

/** Says what is wrong with a file; nothing where all is well. */
const verifier = (last: number) => `n=0
while [ $n -lt ${last} ]; do
  n=$((n+1))
  [ "$(yes "file $n" | head -c $((n % 7 * 60000 + 5000)) | md5sum)" = "$(md5sum < /mnt/$n)" ] || echo "file $n is damaged"
done`

// Four starts of a guest: some 90 s.
it('keeps what a guest has flushed, and a sound image and file system, when its process is killed', () =>
  inFolder(async (folder) => {
    const guest = await onEmptyFileSystem(folder)
    onTestFinished(() => guest.discard())
    const path = guest.spec.disks[0]?.path ?? ''
    let flushed = 0
    for (let round = 0; round < rounds; round++) {
      await guest.start()
      await guest.run('mkdir -p /mnt && mount -t ext4 /dev/vda /mnt')
      expect(await guest.run(verifier(flushed))).toBe('')
      void guest.run(writer(flushed)).catch(() => 'the power was cut')
      await until(
        'five more files are flushed',
        240_000,
        async () => (await lastFlushed(guest)) >= flushed + 5,
      )
      await delay(Math.random() * 1000)
      await guest.cut()
      flushed = await lastFlushed(guest)
      // 3: clusters that are counted and not used, which the next start frees.
      expect([0, 3], qemuImgCheck(path).text).toContain(qemuImgCheck(path).status)
    }
    await guest.start()
    await guest.run('mkdir -p /mnt && mount -t ext4 /dev/vda /mnt')
    expect(await guest.run(verifier(flushed))).toBe('')
    await guest.run('umount /mnt && sync')
    await guest.provider.stop(guest.spec, { graceful: true, timeout: 60_000 })
    expect(qemuImgCheck(path)).toMatchObject({ status: 0 })
    const raw = join(folder, 'after.raw')
    qemuImg('convert', '-O', 'raw', path, raw)
    await run('e2fsck', ['-f', '-n', raw])
  }))

async function onEmptyFileSystem(folder: string): Promise<LabGuest> {
  const base = { path: join(folder, 'base.raw'), format: 'raw' as const }
  await mkdir(join(folder, 'data'))
  await run('mke2fs', ['-q', '-t', 'ext4', base.path, String(size / 1024)])
  return labGuest({ disks: [{ name: 'root', path: join(folder, 'data', 'root.qcow2'), base, size }] })
}

/** The number that the guest told last. */
async function lastFlushed({ spec }: LabGuest): Promise<number> {
  const log = await readFile(spec.files.consoleLog, 'latin1')
  return Math.max(0, ...[...log.matchAll(/^flushed (\d+)\r?\n/gm)].map(([, number]) => Number(number)))
}
