import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDisk } from '../../../../../../providers/kvm/disk/open-disk.ts'
import { createOverlay } from '../../../../../../providers/kvm/disk/qcow2/create.ts'
import { blkLimits } from '../../../../../../providers/kvm/virtio/devices/blk/config.ts'
import { BlkDevice, type BlkOptions } from '../../../../../../providers/kvm/virtio/devices/blk/device.ts'
import { inFolder } from '../../../../../helpers/qemu-img.ts'
import { eventually, startDevice } from '../../../../../helpers/started-device.ts'

const size = 4 * 2 ** 20

/** Runs `act` with a block device over a fresh overlay, its driver, and a way to send one request. */
async function withDisk(
  act: (rig: Awaited<ReturnType<typeof rigUp>>) => void | Promise<void>,
  readOnly = false,
) {
  await inFolder(async (folder) => {
    const path = `${folder}/disk.qcow2`
    createOverlay(path, { size })
    const rig = await rigUp(path, readOnly)
    try {
      await act(rig)
    } finally {
      await rig.stop()
    }
  })
}

type Further = Partial<Pick<BlkOptions, 'heldUntil' | 'throttle'>>

async function rigUp(path: string, readOnly: boolean, further: Further = {}) {
  const errors: unknown[] = []
  const disk = openDisk({ path, format: 'qcow2', readOnly })
  const full: unknown[] = []
  const transferred = { read: 0, written: 0 }
  const device = new BlkDevice({
    disk,
    id: 'root',
    transferred,
    ...further,
    onError: (error) => errors.push(error),
    onNoSpace: (error) => full.push(error),
  })
  const rig = await startDevice(device, { size: 64 })
  const header = (type: number, sector: number | bigint) => {
    const bytes = Buffer.alloc(16)
    bytes.writeUInt32LE(type, 0)
    bytes.writeBigUInt64LE(BigInt(sector), 8)
    return rig.put(0x8000, bytes)
  }
  /** Data at 0x10000, status at 0xf000; says the status and the length used. */
  const request = (type: number, sector: number | bigint, data: { out?: Uint8Array; into?: number } = {}) => {
    rig.memory.writeU8(0xf000, 0xee)
    const buffers = [header(type, sector), ...(data.out ? [rig.put(0x10000, data.out)] : [])]
    const into = data.into ? [{ at: 0x10000, length: data.into, write: true }] : []
    rig.queue(0).submit([...buffers, ...into, { at: 0xf000, length: 1, write: true }])
    rig.driver.kick(0)
    return { status: rig.memory.readU8(0xf000), written: rig.queue(0).takeUsed()[0]?.written }
  }
  const flush = async () => {
    request(4, 0)
    await eventually(() => rig.memory.readU8(0xf000) !== 0xee)
    return { status: rig.memory.readU8(0xf000), written: rig.queue(0).takeUsed()[0]?.written }
  }
  return { ...rig, device, disk, path, errors, full, transferred, request, flush, header }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

const ranges = (...list: [sector: number, count: number, flags: number][]) => {
  const bytes = Buffer.alloc(16 * list.length)
  list.forEach(([sector, count, flags], index) => {
    bytes.writeUInt32LE(sector, 16 * index)
    bytes.writeUInt32LE(count, 16 * index + 8)
    bytes.writeUInt32LE(flags, 16 * index + 12)
  })
  return bytes
}

describe('a block device', () => {
  it('leaves requests in its queue until they are due, and tells how much each has moved', async () => {
    await inFolder(async (folder) => {
      createOverlay(`${folder}/disk.qcow2`, { size })
      const moved: number[] = []
      let wait = 0
      const throttle = { wait: () => wait, served: (bytes: number) => void moved.push(bytes) }
      const rig = await rigUp(`${folder}/disk.qcow2`, false, { throttle })
      expect(rig.request(1, 0, { out: Buffer.alloc(1024, 7) }).status).toBe(0)
      wait = 1
      expect(rig.request(0, 0, { into: 512 }).status).toBe(0xee)
      wait = 0
      await eventually(() => rig.memory.readU8(0xf000) === 0)
      expect(moved).toEqual([1024, 512])
      // One that waits is forgotten with the device.
      wait = 1
      rig.request(0, 0, { into: 512 })
      await rig.stop()
      expect(moved).toHaveLength(2)
    })
  })

  it('says its size and limits', () =>
    withDisk(({ driver }) => {
      expect(driver.device(0, 4) * 512).toBe(size)
      const [bytes, segments] = [driver.device(8, 4), driver.device(12, 4)]
      expect([segments, driver.device(20, 4)]).toEqual([254, 512])
      // Whatever the driver makes of these two, the device takes it.
      expect([bytes, bytes * segments <= blkLimits.requestBytes]).toEqual([131072, true])
      expect(driver.features() & 0x7fffn).toBe(
        BigInt((1 << 1) | (1 << 2) | (1 << 6) | (1 << 9) | (1 << 10) | (1 << 13) | (1 << 14)),
      )
    }))

  it('lets requests wait for as long as it is held', () =>
    inFolder(async (folder) => {
      const path = `${folder}/disk.qcow2`
      createOverlay(path, { size })
      let release: () => void = () => undefined
      const heldUntil = new Promise<void>((resolve) => {
        release = resolve
      })
      const { request, stop, memory, queue } = await rigUp(path, false, { heldUntil })
      try {
        expect(request(1, 7, { out: Buffer.alloc(512, 'held') }).status).toBe(0xee)
        release()
        await eventually(() => memory.readU8(0xf000) === 0)
        expect(queue(0).takeUsed()).toHaveLength(1)
      } finally {
        await stop()
      }
    }))

  it('reads back what was written, flushed or not, and names itself', () =>
    withDisk(async ({ request, flush, get }) => {
      const bytes = Buffer.alloc(5 * 512, 'block')
      expect(request(1, 7, { out: bytes })).toEqual({ status: 0, written: 1 })
      expect(await flush()).toEqual({ status: 0, written: 1 })
      expect(request(0, 6, { into: 6 * 512 })).toEqual({ status: 0, written: 6 * 512 + 1 })
      expect(get(0x10000 + 512, bytes.length).equals(bytes)).toBe(true)
      expect(request(8, 0, { into: 20 })).toEqual({ status: 0, written: 21 })
      expect(get(0x10000, 20).toString('latin1')).toBe(`root${'\0'.repeat(16)}`)
    }))

  it('counts the bytes that were read and written, and none of a request that failed', () =>
    withDisk(async ({ request, transferred }) => {
      request(1, 7, { out: Buffer.alloc(3 * 512) })
      request(0, 0, { into: 512 })
      request(0, size / 512, { into: 512 })
      expect(transferred).toEqual({ read: 512, written: 3 * 512 })
    }))

  it('discards and writes zeros', () =>
    withDisk(async ({ request, get }) => {
      request(1, 0, { out: Buffer.alloc(512 * 300, 1) })
      expect(request(11, 0, { out: ranges([0, 128, 0]) }).status).toBe(0)
      await nextTurn()
      expect(request(13, 0, { out: ranges([128, 8, 0], [200, 8, 1]) }).status).toBe(0)
      await nextTurn()
      request(0, 0, { into: 512 * 300 })
      const sectors = get(0x10000, 512 * 300)
      const ones = Array.from({ length: 300 }, (_, index) => sectors[index * 512])
      const zero = (index: number) => index < 136 || (index >= 200 && index < 208)
      expect(ones).toEqual(ones.map((_, index) => (zero(index) ? 0 : 1)))
    }))

  it('does not care how a request is cut into buffers', () =>
    withDisk(({ queue, driver, header, put, memory }) => {
      const { at } = header(1, 3)
      put(0x8010, Buffer.alloc(512, 'x'))
      queue(0).submit([
        { at, length: 5 },
        { at: at + 5, length: 300 },
        { at: at + 305, length: 16 + 512 - 305 },
        { at: 0xf000, length: 1, write: true },
      ])
      driver.kick(0)
      expect(memory.readU8(0xf000)).toBe(0)
    }))

  it.each([
    ['a read past the end', 0, size / 512, { into: 512 }],
    ['a read that runs over the end', 0, size / 512 - 1, { into: 1024 }],
    ['a read at the end of the numbers', 0, 0xffff_ffff_ffff_ffffn, { into: 512 }],
    ['a read of half a sector', 0, 0, { into: 100 }],
    ['a write past the end', 1, 2n ** 40n, { out: Buffer.alloc(512) }],
    ['a discard past the end', 11, 0, { out: ranges([size / 512, 1, 0]) }],
    ['a discard of too much', 11, 0, { out: ranges([0, 2 ** 21 + 1, 0]) }],
    ['a discard of no whole range', 11, 0, { out: Buffer.alloc(15) }],
    ['a discard without a range', 11, 0, {}],
    ['too many ranges', 13, 0, { out: Buffer.alloc(16 * 17) }],
  ] as const)('answers %s with an I/O error', (_name, type, sector, data) =>
    withDisk(({ request, errors, faults }) => {
      expect(request(type, sector, data).status).toBe(1)
      expect([errors, faults]).toEqual([[], []])
    }),
  )

  it.each([
    ['a type it does not know', 99, {}],
    ['a flag of the future', 13, { out: ranges([0, 8, 2]) }],
    ['a discard that unmaps', 11, { out: ranges([0, 8, 1]) }],
  ])('says of %s that it is not supported', (_name, type, data) =>
    withDisk(({ request }) => {
      expect(request(type, 0, data).status).toBe(2)
    }),
  )

  it('refuses every change of a disk that is only to be read', () =>
    withDisk(async ({ request, driver }) => {
      expect(driver.features() & (1n << 5n)).toBe(1n << 5n)
      expect(request(1, 0, { out: Buffer.alloc(512) }).status).toBe(1)
      expect(request(11, 0, { out: ranges([0, 8, 0]) }).status).toBe(1)
      await nextTurn()
      expect(request(0, 0, { into: 512 }).status).toBe(0)
    }, true))

  it('tells the guest of trouble on the host and goes on', () =>
    withDisk(async ({ flush, disk, errors }) => {
      const flushAway = disk.flushAway
      disk.flushAway = () => Promise.reject(new Error('EIO'))
      expect((await flush()).status).toBe(1)
      expect(errors).toHaveLength(1)
      disk.flushAway = flushAway
      expect((await flush()).status).toBe(0)
    }))

  it.each([11, 13])('leaves the others a turn after each request of type %d, however small', (type) =>
    withDisk(async ({ put, header, queue, driver }) => {
      const { at } = put(0x10000, ranges([0, 128, type === 13 ? 1 : 0]))
      for (let count = 0; count < 3; count += 1)
        queue(0).submit([header(type, 0), { at, length: 16 }, { at: 0xf000, length: 1, write: true }])
      driver.kick(0)
      expect(queue(0).takeUsed()).toHaveLength(1)
      await eventually(() => queue(0).takeUsed().length > 0)
    }),
  )

  it('moves no more than so many bytes in a turn', () =>
    withDisk(async ({ header, queue, driver }) => {
      const data = { at: 0x10000, length: 0x70000, write: true }
      const status = { at: 0xf000, length: 1, write: true }
      // 3.5 MB each, the data all into the same memory: five are more than a turn takes.
      const offer = () => queue(0).submit([header(0, 0), ...Array(8).fill(data), status])
      for (let count = 0; count < 6; count += 1) offer()
      driver.kick(0)
      expect(queue(0).takeUsed()).toHaveLength(5)
      await eventually(() => queue(0).takeUsed().length === 1)
    }))

  it('frees what was given up, also for a guest that never flushes', () =>
    withDisk(async ({ path, request, queue, memory }) => {
      const cluster = Buffer.alloc(65536, 'data')
      const answered = () => eventually(() => memory.readU8(0xf000) !== 0xee)
      for (let round = 0; round < 1200; round += 1) {
        request(1, 0, { out: cluster })
        await answered()
        request(11, 0, { out: ranges([0, 128, 0]) })
        await answered()
        queue(0).takeUsed()
      }
      expect(statSync(path).size).toBeLessThan(40 * 2 ** 20)
      expect(statSync(path).size).toBeGreaterThan(30 * 2 ** 20)
    }))

  describe('when the host has no room', () => {
    const noRoom = (code: string) => () => {
      throw Object.assign(new Error(`${code}: write`), { code })
    }

    it.each(['ENOSPC', 'EDQUOT'])(
      'keeps the request and those behind it until it is tried again: %s',
      (code) =>
        withDisk(async ({ device, disk, driver, request, get, put, full, errors, queue, memory }) => {
          const write = disk.write.bind(disk)
          disk.write = noRoom(code)
          expect(request(1, 7, { out: Buffer.alloc(512, 'late') }).status).toBe(0xee)
          const again = put(0x8100, get(0x8000, 16))
          memory.writeU32(0x8100, 0)
          const into = { at: 0x11000, length: 512, write: true }
          queue(0).submit([again, into, { at: 0xf001, length: 1, write: true }])
          driver.kick(0)
          expect(queue(0).takeUsed()).toEqual([])
          expect([full.length, errors]).toEqual([1, []])
          device.retry()
          expect([full.length, memory.readU8(0xf000)]).toEqual([2, 0xee])
          disk.write = write
          device.retry()
          await eventually(() => queue(0).takeUsed().length === 2)
          expect(memory.readU8(0xf000)).toBe(0)
          expect(get(0x11000, 4).toString()).toBe('late')
        }),
    )

    it('keeps a flush too', () =>
      withDisk(async ({ device, disk, request, full, queue, memory }) => {
        const flushAway = disk.flushAway.bind(disk)
        disk.flushAway = async () => noRoom('ENOSPC')()
        request(4, 0)
        await eventually(() => full.length === 1)
        expect([memory.readU8(0xf000), queue(0).takeUsed()]).toEqual([0xee, []])
        disk.flushAway = flushAway
        device.retry()
        await eventually(() => queue(0).takeUsed().length === 1)
        expect(memory.readU8(0xf000)).toBe(0)
      }))

    it('is reset and serves again', () =>
      withDisk(async ({ device, disk, request, driver, queue }) => {
        const write = disk.write.bind(disk)
        disk.write = noRoom('ENOSPC')
        request(1, 7, { out: Buffer.alloc(512) })
        await driver.reset()
        disk.write = write
        device.retry()
        expect(queue(0).takeUsed()).toEqual([])
      }))
  })

  it('lets requests wait for a flush, and a reset too', () =>
    withDisk(async ({ disk, request, driver, queue, memory }) => {
      let finish: () => void = () => undefined
      disk.flushAway = () =>
        new Promise((resolve) => {
          finish = resolve
        })
      request(4, 0)
      expect(request(0, 0, { into: 512 })).toEqual({ status: 0xee, written: undefined })
      finish()
      await eventually(() => queue(0).takeUsed().length === 2)
      expect(memory.readU8(0xf000)).toBe(0)
      request(4, 0)
      driver.status = 0
      await new Promise((resolve) => setTimeout(resolve, 5))
      expect(driver.status).not.toBe(0)
      finish()
      await eventually(() => driver.status === 0)
      disk.flushAway = async () => undefined
    }))

  it.each([
    ['no header', [{ at: 0xf000, length: 1, write: true }]],
    [
      'half a header',
      [
        { at: 0x8000, length: 15 },
        { at: 0xf000, length: 1, write: true },
      ],
    ],
    ['no status', [{ at: 0x8000, length: 16 }]],
  ])('is lost to a driver that sends %s', (_name, buffers) =>
    withDisk(({ queue, driver, faults }) => {
      queue(0).submit(buffers)
      driver.kick(0)
      expect(faults).toEqual(['blk: a request without room for its header or status'])
      expect(driver.status & 64).toBe(64)
    }),
  )
})
