import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openDisk } from '../../../../../providers/kvm/disk/open-disk.ts'
import { createOverlay, growOverlay } from '../../../../../providers/kvm/disk/qcow2/create.ts'
import { hasQemuImg, inFolder, qemuImg, qemuImgCheck } from '../../../../helpers/qemu-img.ts'

const MiB = 2 ** 20

function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let index = 0, state = seed + 1; index < length; index += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[index] = state >>> 16
  }
  return bytes
}

/** The whole disk as qemu-img reads it. */
function asRaw(folder: string, path: string): Buffer {
  const raw = join(folder, 'converted.raw')
  qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, raw)
  return readFileSync(raw)
}

function expectSound(path: string): void {
  const { status, text } = qemuImgCheck(path)
  expect(text).not.toMatch(/ERROR|Leaked/)
  expect(status).toBe(0)
}

describe.skipIf(!hasQemuImg)('qcow2 images, held against qemu-img', () => {
  it('are made empty, sound and with their base named', () =>
    inFolder((folder) => {
      const base = join(folder, 'base.raw')
      writeFileSync(base, noise(3 * MiB, 1))
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: 5 * MiB, base: { path: base, format: 'raw' } })
      expectSound(path)
      const info = JSON.parse(qemuImg('info', '--output=json', path))
      expect(info).toMatchObject({
        'virtual-size': 5 * MiB,
        'cluster-size': 65536,
        'full-backing-filename': base,
        'backing-filename-format': 'raw',
      })
      expect(asRaw(folder, path).equals(Buffer.concat([noise(3 * MiB, 1), Buffer.alloc(2 * MiB)]))).toBe(true)
    }))

  it('grow, up to what their L1 table has room for', () =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: MiB })
      growOverlay(path, 2 ** 40)
      expect(JSON.parse(qemuImg('info', '--output=json', path))['virtual-size']).toBe(2 ** 40)
      const disk = openDisk({ path, format: 'qcow2', readOnly: false })
      disk.write(2 ** 40 - 512, [noise(512, 2)])
      disk.close()
      expectSound(path)
      expect(() => growOverlay(path, MiB)).toThrow(expect.objectContaining({ code: 'E_DISK_SHRINK' }))
      expect(() => growOverlay(path, 2 ** 43)).toThrow(expect.objectContaining({ code: 'E_DISK_INVALID' }))
    }))

  it('are read when compressed, and written over', () =>
    inFolder((folder) => {
      const raw = join(folder, 'base.raw')
      const content = Buffer.concat([
        Buffer.alloc(MiB, 'posada '),
        noise(100_000 - (100_000 % 512), 3),
        Buffer.alloc(MiB),
      ])
      writeFileSync(raw, content)
      const packed = join(folder, 'packed.qcow2')
      qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', raw, packed)
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: content.length, base: { path: packed, format: 'qcow2' } })
      const disk = openDisk({
        path,
        format: 'qcow2',
        readOnly: false,
        base: { path: packed, format: 'qcow2' },
      })
      const got = Buffer.alloc(content.length)
      disk.read(0, [got.subarray(0, 70_001), got.subarray(70_001)])
      expect(got.equals(content)).toBe(true)
      disk.write(65536 * 3 + 512, [noise(1024, 4)])
      content.set(noise(1024, 4), 65536 * 3 + 512)
      disk.close()
      expectSound(path)
      expect(asRaw(folder, path).equals(content)).toBe(true)

      const itself = openDisk({ path: packed, format: 'qcow2', readOnly: false })
      itself.write(65536, [noise(200_000, 5)])
      itself.discard(0, 65536)
      itself.close()
      expectSound(packed)
    }))

  it('give space back for what is discarded', () =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: 64 * MiB })
      const disk = openDisk({ path, format: 'qcow2', readOnly: false })
      disk.write(0, [noise(8 * MiB, 6)])
      disk.flush()
      const full = statSync(path).blocks * 512
      disk.discard(0, 8 * MiB)
      disk.flush()
      expect(full - statSync(path).blocks * 512).toBeGreaterThan(7 * MiB)
      disk.write(0, [noise(8 * MiB, 7)])
      disk.close()
      expect(statSync(path).size).toBeLessThan(9 * MiB)
      expectSound(path)
    }))

  it('keep their space, and write nothing, where zeros are asked for that keep it', () =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: 16 * MiB })
      const disk = openDisk({ path, format: 'qcow2', readOnly: false })
      const content = noise(65536, 6)
      disk.write(0, Array(128).fill(content))
      disk.flush()
      const blocks = statSync(path).blocks
      disk.writeZeroes(0, 8 * MiB, true)
      disk.flush()
      const got = Buffer.alloc(8 * MiB, 1)
      disk.read(0, [got])
      expect(got.equals(Buffer.alloc(8 * MiB))).toBe(true)
      // The clusters are flagged, and neither given up nor written over.
      expect(statSync(path).blocks).toBeGreaterThanOrEqual(blocks)
      expect(readFileSync(path).includes(content)).toBe(true)
      disk.write(65536, [noise(512, 7)])
      disk.close()
      expectSound(path)
      const whole = Buffer.alloc(16 * MiB)
      noise(512, 7).copy(whole, 65536)
      expect(asRaw(folder, path).equals(whole)).toBe(true)
      const again = openDisk({ path, format: 'qcow2', readOnly: false })
      again.discard(0, 8 * MiB)
      again.close()
      expect(statSync(path).blocks * 512).toBeLessThan(MiB)
      expectSound(path)
    }))

  it('free what a killed writer left counted and not used', () =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: MiB })
      const bytes = Buffer.concat([readFileSync(path), Buffer.alloc(10 * 65536)])
      bytes.writeUInt16BE(1, 2 * 65536 + 2 * 9)
      bytes.writeUInt16BE(1, 2 * 65536 + 2 * 900)
      writeFileSync(path, bytes)
      expect(qemuImgCheck(path).status).toBe(3)
      openDisk({ path, format: 'qcow2', readOnly: false }).close()
      expectSound(path)
    }))

  const clusterSizes = fc.constantFrom(512, 4096, 65536)
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom('write', 'write', 'write', 'discard', 'zero', 'keep', 'flush', 'reopen'),
      sector: fc.nat(1023),
      sectors: fc.integer({ min: 1, max: 400 }),
      seed: fc.nat(1000),
    }),
    { minLength: 1, maxLength: 40 },
  )

  it(
    'hold what was written, whatever the order of requests (property, some 10 s)',
    () =>
      inFolder((folder) => {
        const size = 1024 * 512 + 1536
        fc.assert(
          fc.property(clusterSizes, fc.boolean(), steps, (clusterSize, withBase, list) => {
            const path = join(folder, 'disk.qcow2')
            const base = { path: join(folder, 'base.raw'), format: 'raw' as const }
            const model = Buffer.alloc(size)
            writeFileSync(base.path, noise(200_192, 9))
            if (withBase) noise(200_192, 9).copy(model)
            const backing = withBase ? ['-b', base.path, '-F', 'raw'] : []
            qemuImg(
              'create',
              '-q',
              '-f',
              'qcow2',
              '-o',
              `cluster_size=${clusterSize}`,
              ...backing,
              path,
              String(size),
            )
            const open = () =>
              openDisk({ path, format: 'qcow2', readOnly: false, ...(withBase ? { base } : {}) })
            let disk = open()
            const unknown: [number, number][] = []
            for (const { kind, sector, sectors, seed } of list) {
              const offset = sector * 512
              const length = Math.min(sectors * 512, size - offset)
              if (kind === 'write') {
                const bytes = noise(length, seed)
                disk.write(offset, [bytes.subarray(0, 100), bytes.subarray(100)])
                bytes.copy(model, offset)
              } else if (kind === 'zero' || kind === 'keep') {
                disk.writeZeroes(offset, length, kind === 'keep')
                model.fill(0, offset, offset + length)
              } else if (kind === 'discard') {
                disk.discard(offset, length)
                const now = Buffer.alloc(length)
                disk.read(offset, [now])
                for (let at = 0; at < length; at += 1) {
                  if (now[at] !== 0 && now[at] !== model[offset + at])
                    unknown.push([offset + at, now[at] ?? 0])
                }
                now.copy(model, offset)
              } else if (kind === 'flush') {
                disk.flush()
              } else {
                disk.close()
                disk = open()
              }
            }
            const got = Buffer.alloc(size)
            disk.read(0, [got])
            disk.close()
            expect(unknown).toEqual([])
            expect(got.equals(model)).toBe(true)
            expectSound(path)
            expect(asRaw(folder, path).equals(model)).toBe(true)
          }),
          { numRuns: 40 },
        )
      }),
    60_000,
  )
})

describe('hostile qcow2 images', () => {
  const damage: [string, (bytes: Buffer) => void][] = [
    ['another magic', (b) => b.writeUInt32BE(1, 0)],
    ['version 4', (b) => b.writeUInt32BE(4, 4)],
    ['clusters of 2^8', (b) => b.writeUInt32BE(8, 20)],
    ['clusters of 2^22', (b) => b.writeUInt32BE(22, 20)],
    ['an endless size', (b) => b.writeUInt32BE(0xffffffff, 24)],
    ['a size of half a sector', (b) => b.writeUInt32BE(511, 28)],
    ['encryption', (b) => b.writeUInt32BE(1, 32)],
    ['an L1 table of 2^32 entries', (b) => b.writeUInt32BE(0xffffffff, 36)],
    ['an L1 table too small', (b) => b.writeUInt32BE(0, 36)],
    ['an L1 table outside', (b) => b.writeUInt32BE(0xffff0000, 44)],
    ['an L1 table over the header', (b) => b.writeUInt32BE(0, 44)],
    ['an L1 table not aligned', (b) => b.writeUInt32BE(65536 + 512, 44)],
    ['a refcount table outside', (b) => b.writeUInt32BE(0x10000000, 52)],
    ['a refcount table of 2^32 clusters', (b) => b.writeUInt32BE(0xffffffff, 56)],
    ['no refcount table', (b) => b.writeUInt32BE(0, 56)],
    ['an external data file', (b) => b.writeUInt32BE(4, 76)],
    ['zstd', (b) => b.writeUInt32BE(8, 76)],
    ['extended L2 entries', (b) => b.writeUInt32BE(16, 76)],
    ['features of the future', (b) => b.writeUInt32BE(1, 72)],
    ['refcounts of 128 bits', (b) => b.writeUInt32BE(7, 96)],
    ['the dirty mark', (b) => b.writeUInt32BE(1, 76)],
    ['the corrupt mark', (b) => b.writeUInt32BE(2, 76)],
    ['snapshots', (b) => b.writeUInt32BE(1, 60)],
    [
      'a name of a base',
      (b) => {
        b.writeUInt32BE(200, 12)
        b.writeUInt32BE(11, 16)
        b.write('/etc/shadow', 200)
      },
    ],
    [
      'a name of a base outside',
      (b) => {
        b.writeUInt32BE(0x7fffffff, 12)
        b.writeUInt32BE(11, 16)
      },
    ],
    [
      'a name of a base too long',
      (b) => {
        b.writeUInt32BE(200, 12)
        b.writeUInt32BE(5000, 16)
      },
    ],
    ['an L2 table outside', (b) => b.writeUInt32BE(0x40000000, 3 * 65536 + 4)],
    ['an L2 table that is the L1 table', (b) => b.writeUInt32BE(3 * 65536, 3 * 65536 + 4)],
    ['a refcount block outside', (b) => b.writeUInt32BE(0x40000000, 65536 + 12)],
    ['a refcount block that is the refcount table', (b) => b.writeUInt32BE(65536, 65536 + 4)],
    ['a used cluster that is not counted', (b) => b.writeUInt16BE(0, 2 * 65536)],
  ]

  it.each(damage)('are refused for writing: %s', (_name, act) =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: MiB })
      const bytes = readFileSync(path)
      act(bytes)
      writeFileSync(path, bytes)
      const open = () => openDisk({ path, format: 'qcow2', readOnly: false }).close()
      expect(open).toThrow(expect.objectContaining({ code: 'E_DISK_INVALID' }))
    }),
  )

  it.each([
    ['of this engine', 65536, false],
    ['of QEMU', 65536, true],
    ['of QEMU with small clusters', 4096, true],
  ])('that are cut short are refused, or reading tells: %s', (_who, clusterSize, foreign) =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      if (foreign) qemuImg('create', '-q', '-f', 'qcow2', '-o', `cluster_size=${clusterSize}`, path, '1M')
      else createOverlay(path, { size: MiB })
      const whole = openDisk({ path, format: 'qcow2', readOnly: false })
      whole.write(0, [noise(300_000, 4)])
      whole.close()
      const bytes = readFileSync(path)
      const open = (readOnly: boolean) => openDisk({ path, format: 'qcow2', readOnly })
      const readAll = () => {
        const disk = open(true)
        try {
          disk.read(0, [Buffer.alloc(MiB)])
        } finally {
          disk.close()
        }
      }
      expect(readAll).not.toThrow()
      const lengths = Array.from({ length: Math.floor(bytes.length / 3000) }, (_, index) => index * 3000)
      for (const length of [3, 71, 103, ...lengths]) {
        // Into the last cluster, which is data's: that a file ends there is not wrong.
        if (length > bytes.length - clusterSize) break
        writeFileSync(path, bytes.subarray(0, length))
        expect(() => open(false)).toThrow(expect.objectContaining({ code: 'E_DISK_INVALID' }))
        expect(readAll).toThrow(/cut short|cannot be used/)
      }
    }),
  )

  it.each([
    [2 ** 53, 'data at 2^53', Buffer.from([0x80, 0x20, 0, 0, 0, 0, 0, 0])],
    [2 ** 55, 'data at 2^55', Buffer.from([0x80, 0x80, 0, 0, 0, 0, 0, 0])],
    [2 ** 53, 'a compressed cluster at 2^53', Buffer.from([0x40, 0x20, 0, 0, 0, 0, 0, 0])],
  ])('whose L2 entries lead to %d are refused, or reading tells: %s', (_at, _what, entry) =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: MiB })
      const disk = openDisk({ path, format: 'qcow2', readOnly: false })
      disk.write(0, [noise(512, 4)])
      disk.close()
      const bytes = readFileSync(path)
      const table = bytes.readUInt32BE(3 * 65536 + 4)
      entry.copy(bytes, table)
      writeFileSync(path, bytes)
      const open = (readOnly: boolean) => openDisk({ path, format: 'qcow2', readOnly })
      expect(() => open(false)).toThrow(expect.objectContaining({ code: 'E_DISK_INVALID' }))
      const reading = open(true)
      expect(() => reading.read(0, [Buffer.alloc(512)])).toThrow(
        expect.objectContaining({ name: 'DiskFault' }),
      )
      reading.close()
    }),
  )

  it('grow where their L1 table is larger than it need be', () =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: MiB })
      const bytes = readFileSync(path)
      bytes.writeUInt32BE(100, 36)
      writeFileSync(path, bytes)
      growOverlay(path, 2 * MiB)
      expect(readFileSync(path).readUInt32BE(36)).toBe(100)
      openDisk({ path, format: 'qcow2', readOnly: false }).close()
    }))

  it('a disk open for writing cannot be opened so again', () =>
    inFolder((folder) => {
      const path = join(folder, 'disk.qcow2')
      createOverlay(path, { size: MiB })
      const disk = openDisk({ path, format: 'qcow2', readOnly: false })
      try {
        const again = () => openDisk({ path, format: 'qcow2', readOnly: false })
        expect(again).toThrow(expect.objectContaining({ code: 'E_DISK_IN_USE' }))
      } finally {
        disk.close()
      }
      openDisk({ path, format: 'qcow2', readOnly: false }).close()
    }))
})
