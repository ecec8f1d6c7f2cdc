import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HostFile } from '../../../../../providers/kvm/disk/host-file.ts'
import { openDisk } from '../../../../../providers/kvm/disk/open-disk.ts'
import { openQcow2File } from '../../../../../providers/kvm/disk/qcow2/qcow2-disk.ts'
import { hasQemuImg, inFolder, qemuImg, qemuImgCheck } from '../../../../helpers/qemu-img.ts'

type Event = { kind: 'write'; offset: number; bytes: Buffer } | { kind: 'sync' }

/** Notes all that reaches the file, in order. A punched hole is a write of zeros. */
class RecordingFile extends HostFile {
  readonly events: Event[] = []

  override write(offset: number, pieces: readonly Uint8Array[]): void {
    this.events.push({ kind: 'write', offset, bytes: Buffer.concat(pieces) })
    super.write(offset, pieces)
  }
  override punch(offset: number, length: number): boolean {
    this.events.push({ kind: 'write', offset, bytes: Buffer.alloc(length) })
    return super.punch(offset, length)
  }
  override sync(): void {
    this.events.push({ kind: 'sync' })
  }
}

const sectors = 256
const step = fc.record({
  kind: fc.constantFrom('write', 'write', 'write', 'discard', 'zero', 'flush'),
  sector: fc.nat(sectors - 1),
  count: fc.integer({ min: 1, max: 60 }),
})

/** Each sector is filled with one byte, so a sector's content is a number. */
function play(
  file: RecordingFile,
  base: { path: string; disk: ReturnType<typeof openDisk> },
  list: { kind: string; sector: number; count: number }[],
) {
  const disk = openQcow2File(file, { readOnly: false, base })
  const started = file.events.length
  /** What a sector may hold after a cut: what it held at the last flush, and all it was given since. */
  let allowed = Array.from({ length: sectors }, () => new Set([7]))
  let now = new Array<number>(sectors).fill(7)
  const marks = [{ at: started, allowed: allowed.map((set) => new Set(set)) }]
  list.forEach(({ kind, sector, count }, index) => {
    const n = Math.min(count, sectors - sector)
    const value = kind === 'write' ? (index % 200) + 10 : 0
    if (kind === 'flush') {
      disk.flush()
      allowed = now.map((one) => new Set([one]))
    } else {
      if (kind === 'write') disk.write(sector * 512, [Buffer.alloc(n * 512, value)])
      else if (kind === 'zero') disk.writeZeroes(sector * 512, n * 512, false)
      else disk.discard(sector * 512, n * 512)
      const read = Buffer.alloc(n * 512)
      disk.read(sector * 512, [read])
      now = now.map((one, at) => (at >= sector && at < sector + n ? (read[(at - sector) * 512] ?? -1) : one))
      for (let at = sector; at < sector + n; at += 1) allowed[at]?.add(value).add(now[at] ?? -1)
    }
    marks.push({ at: file.events.length, allowed: allowed.map((set) => new Set(set)) })
  })
  return { marks }
}

describe.skipIf(!hasQemuImg)('a qcow2 image whose writer is cut off', () => {
  it(
    'is sound and has all that was flushed, wherever the cut, by kill or loss of power (property, some 20 s)',
    () =>
      inFolder((folder) => {
        const basePath = join(folder, 'base.raw')
        writeFileSync(basePath, Buffer.alloc(sectors * 512, 7))
        const path = join(folder, 'disk.qcow2')
        const plan = fc.record({
          steps: fc.array(step, { minLength: 3, maxLength: 30 }),
          clusterSize: fc.constantFrom(512, 4096),
          cut: fc.nat(1_000_000),
          /** Which of the writes since the last sync survive: all of them when killed. */
          survive: fc.option(fc.array(fc.boolean(), { minLength: 64, maxLength: 64 })),
        })
        fc.assert(
          fc.property(plan, ({ steps, clusterSize, cut, survive }) => {
            const options = ['-o', `cluster_size=${clusterSize}`, '-b', basePath, '-F', 'raw']
            qemuImg('create', '-q', '-f', 'qcow2', ...options, path, String(sectors * 512))
            let image = readFileSync(path)
            const base = { path: basePath, disk: openDisk({ path: basePath, format: 'raw', readOnly: true }) }
            const file = new RecordingFile(path, { readOnly: false })
            const { marks } = play(file, base, steps)
            file.close()
            base.disk.close()

            const first = marks[0]?.at ?? 0
            const end = first + (cut % (file.events.length - first + 1))
            const past = file.events.slice(0, end)
            const synced = past.map(({ kind }) => kind).lastIndexOf('sync')
            past.forEach((event, index) => {
              if (event.kind !== 'write') return
              const keeps = index < synced || survive === null || survive[(index - synced) % 64]
              if (!keeps) return
              const size = Math.max(image.length, event.offset + event.bytes.length)
              image = Buffer.concat([image, Buffer.alloc(size - image.length)])
              event.bytes.copy(image, event.offset)
            })
            writeFileSync(path, image)

            expect(qemuImgCheck(path).text).not.toMatch(/ERROR/)
            const reopened = openDisk({
              path,
              format: 'qcow2',
              readOnly: false,
              base: { path: basePath, format: 'raw' },
            })
            const got = Buffer.alloc(sectors * 512)
            reopened.read(0, [got])
            reopened.close()
            expect(qemuImgCheck(path)).toMatchObject({ status: 0 })
            const done = marks.findLast(({ at }) => at === end)
            // A step under way at the cut may be there whole, in part or not at all.
            const next = marks.findIndex(({ at }) => at > end)
            const states = done ? [done] : [marks[next - 1], marks[next]]
            for (let sector = 0; sector < sectors; sector += 1) {
              const value = got[sector * 512] ?? -1
              const fine = states.some((state) => state?.allowed[sector]?.has(value))
              if (!fine) throw new Error(`sector ${sector} holds ${value}`)
            }
          }),
          { numRuns: 100 },
        )
      }),
    120_000,
  )
})
