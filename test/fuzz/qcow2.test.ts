import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { openDisk } from '../../providers/kvm/disk/open-disk.ts'
import { createOverlay, growOverlay } from '../../providers/kvm/disk/qcow2/create.ts'
import { inFolder } from './folder.ts'
import { fuzz } from './fuzz.ts'
import { patched, type Source } from './source.ts'

const MiB = 2 ** 20
const mostRequests = 40
const size = 600 * 1024

const noisy = Buffer.alloc(2 * MiB)
for (let at = 0; at < noisy.length; at += 4) noisy.writeUInt32LE(Math.imul(at + 1, 2654435761) >>> 0, at)

/** Bytes that tell places and requests apart. */
function noise(length: number, seed: number): Buffer {
  return noisy.subarray(4 * seed, 4 * seed + length)
}

const writable = (path: string, base?: string) =>
  openDisk({
    path,
    format: 'qcow2',
    readOnly: false,
    ...(base === undefined ? {} : { base: { path: base, format: 'raw' } }),
  })

/** A request, done to an image and to what it should hold. */
function request(source: Source, disk: ReturnType<typeof openDisk>, model: Buffer): void {
  const offset = 512 * source.below(size / 512)
  const length = Math.min(512 * (1 + source.below(256)), size - offset)
  switch (source.below(5)) {
    case 0:
    case 1: {
      const bytes = noise(length, source.byte())
      disk.write(offset, [bytes.subarray(0, 100), bytes.subarray(100)])
      bytes.copy(model, offset)
      break
    }
    case 2:
      disk.writeZeroes(offset, length, source.flag())
      model.fill(0, offset, offset + length)
      break
    case 3: {
      disk.discard(offset, length)
      const now = Buffer.alloc(length)
      disk.read(offset, [now])
      // It reads as zero, or as it did.
      const isOld = (byte: number, at: number) => byte === 0 || byte === model[offset + at]
      expect(now.every(isOld)).toBe(true)
      now.copy(model, offset)
      break
    }
    default:
      disk.flush()
  }
}

describe('a disk', () => {
  fuzz('qcow2 content', (source) =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      const base = source.flag() ? join(folder, 'base.raw') : undefined
      const model = Buffer.alloc(size)
      if (base !== undefined) {
        writeFileSync(base, noise(200_192, 9))
        noise(200_192, 9).copy(model)
      }
      createOverlay(path, { size, ...(base === undefined ? {} : { base: { path: base, format: 'raw' } }) })
      let disk = writable(path, base)
      try {
        for (let done = 0; done < mostRequests && !source.isEmpty; done += 1) {
          if (source.below(10) > 0) request(source, disk, model)
          else {
            disk.close()
            disk = writable(path, base)
          }
        }
        const got = Buffer.alloc(size)
        disk.read(0, [got])
        expect(got.equals(model)).toBe(true)
      } finally {
        disk.close()
      }
      // Its references are gone through as it is opened.
      writable(path, base).close()
    }),
  )

  let sound: Buffer | null = null
  fuzz('qcow2 structure', (source) =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      if (sound === null) {
        createOverlay(path, { size: MiB })
        const disk = writable(path)
        disk.write(0, [noise(300_000, 8)])
        disk.close()
        sound = readFileSync(path)
      }
      // The header, and the first entries of each table, which lie in the first clusters.
      const places = Array.from({ length: 10 }, (_, cluster) => cluster * 65536)
      writeFileSync(path, patched(source, sound, places))
      const readOnly = source.flag()
      try {
        const opened = openDisk({ path, format: 'qcow2', readOnly })
        try {
          opened.read(0, [Buffer.alloc(Math.min(opened.size, MiB))])
          if (!readOnly) {
            const data = noise(Math.min(opened.size, 100_000), 1)
            opened.write(0, [data])
            const got = Buffer.alloc(data.length)
            opened.read(0, [got])
            expect(got.equals(data)).toBe(true)
            opened.discard(0, Math.min(opened.size, 200_000))
            opened.writeZeroes(0, Math.min(opened.size, MiB), false)
          }
        } finally {
          opened.close()
        }
        growOverlay(path, 2 * MiB)
      } catch (error) {
        if (!['PosadaError', 'DiskFault'].includes((error as Error).name)) throw error
      }
    }),
  )
})
