import { describe, expect, it } from 'vitest'
import { BalloonDevice } from '../../../../../../providers/kvm/virtio/devices/balloon/device.ts'
import { startDevice } from '../../../../../helpers/started-device.ts'

describe('a memory balloon', () => {
  it('gives inflated pages back to the host, neighbours together, and only those in RAM', async () => {
    const rig = await startDevice(new BalloonDevice())
    const pages = new Uint32Array([34, 32, 33, 40, 0x000f_ffff, 0xffff_ffff, 0x10_0000])
    rig.queue(0).submit([rig.put(0x8000, new Uint8Array(pages.buffer))])
    rig.driver.kick(0)
    expect(rig.memory.released).toEqual([
      { gpa: 32 * 4096, length: 3 * 4096 },
      { gpa: 40 * 4096, length: 4096 },
      // 0xfffff and 0x100000 touch, but the first is in the hole, so the run is left alone.
    ])
    expect(rig.queue(0).takeUsed()).toHaveLength(1)
    await rig.stop()
  })

  it('takes deflated pages, and lets the guest write what it gave', async () => {
    const device = new BalloonDevice()
    const rig = await startDevice(device)
    rig.queue(1).submit([rig.put(0x8000, Buffer.alloc(8))])
    rig.driver.kick(1)
    expect(rig.queue(1).takeUsed()).toHaveLength(1)
    rig.driver.setDevice(4, 4, 77)
    rig.driver.setDevice(0, 4, 99)
    expect(device.actual).toBe(77 * 4096)
    expect(rig.driver.device(0, 4)).toBe(0)
    await rig.stop()
  })

  it('asks for memory by a change of its configuration', async () => {
    const device = new BalloonDevice()
    const rig = await startDevice(device)
    const generation = rig.driver.common(21, 1)
    device.setTarget(2 ** 20)
    expect(rig.driver.device(0, 4)).toBe(256)
    expect(rig.driver.common(21, 1)).toBe(generation + 1)
    expect(rig.msi.delivered.map(({ data }) => data)).toEqual([0x40])
    await rig.stop()
  })

  it('holds the buffer of statistics until fresh ones are wanted', async () => {
    const device = new BalloonDevice()
    const rig = await startDevice(device)
    const bytes = Buffer.alloc(21)
    bytes.writeUInt16LE(4, 0)
    bytes.writeBigUInt64LE(123456n, 2)
    bytes.writeUInt16LE(999, 10)
    rig.queue(2).submit([rig.put(0x8000, bytes)])
    rig.driver.kick(2)
    expect(device.statistics).toEqual({ free: 123456 })
    expect(rig.queue(2).takeUsed()).toEqual([])
    device.requestStatistics()
    device.requestStatistics()
    expect(rig.queue(2).takeUsed()).toHaveLength(1)
    expect(rig.msi.delivered.map(({ data }) => data)).toEqual([0x43])
    await rig.stop()
  })

  it('gives reported pages back, also where statistics were not negotiated', async () => {
    for (const [without, queue] of [
      [0n, 3],
      [1n << 1n, 2],
    ] as const) {
      const rig = await startDevice(new BalloonDevice(), { without })
      rig.queue(queue).submit([
        { at: 2 ** 32 + 0x4000, length: 0x4000, write: true },
        { at: 0x40000, length: 0x1000, write: true },
      ])
      rig.driver.kick(queue)
      expect(rig.memory.released).toEqual([
        { gpa: 2 ** 32 + 0x4000, length: 0x4000 },
        { gpa: 0x40000, length: 0x1000 },
      ])
      expect(rig.queue(queue).takeUsed()).toHaveLength(1)
      await rig.stop()
    }
  })
})
