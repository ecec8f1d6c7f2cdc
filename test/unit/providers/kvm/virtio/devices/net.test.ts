import { describe, expect, it } from 'vitest'
import type { FrameEvents, FrameLink } from '../../../../../../providers/kvm/net/frame-link.ts'
import { NetDevice } from '../../../../../../providers/kvm/virtio/devices/net/device.ts'
import { startDevice } from '../../../../../helpers/started-device.ts'

/** A cable whose other end is the test. */
class TestLink implements FrameLink {
  up = true
  events: FrameEvents | null = null
  readonly sent: Buffer[] = []
  full = false
  resumed = 0

  start(events: FrameEvents): void {
    this.events = events
  }
  send(frame: readonly Uint8Array[]): boolean {
    if (this.full) return false
    this.sent.push(Buffer.concat(frame))
    return true
  }
  resume(): void {
    this.resumed += 1
  }
  async close(): Promise<void> {
    this.up = false
  }
}

async function rigUp(options: { without?: bigint } = {}) {
  const link = new TestLink()
  const device = new NetDevice({ link, mac: '52:54:00:aa:bb:cc', mtu: 65520 })
  const rig = await startDevice(device, options)
  const receive = (frame: Uint8Array) => link.events?.frame(frame)
  const offer = (length: number, slot = 0) =>
    rig.queue(0).submit([{ at: 0x20000 + slot * 0x4000, length, write: true }])
  return { ...rig, link, receive, offer }
}

const frame = (length: number, seed = 1) =>
  Buffer.from(Array.from({ length }, (_, index) => (index * seed) & 0xff))

describe('a network device', () => {
  it('has its MAC address, MTU and link state in the configuration', async () => {
    const { driver, link, msi, stop } = await rigUp()
    expect([driver.device(0, 4), driver.device(4, 2)]).toEqual([0xaa005452, 0xccbb])
    expect([driver.device(6, 2), driver.device(10, 2)]).toEqual([1, 65520])
    link.up = false
    link.events?.changed()
    expect(driver.device(6, 2)).toBe(0)
    expect(msi.delivered.map(({ data }) => data)).toEqual([0x40])
    await stop()
  })

  it('sends frames without their header, however they are cut', async () => {
    const { queue, put, driver, link, stop } = await rigUp()
    put(0x8000, Buffer.concat([Buffer.alloc(12), frame(100)]))
    queue(1).submit([{ at: 0x8000, length: 112 }])
    queue(1).submit([
      { at: 0x8000, length: 5 },
      { at: 0x8005, length: 20 },
      { at: 0x8019, length: 87 },
    ])
    driver.kick(1)
    expect(link.sent).toEqual([frame(100), frame(100)])
    expect(queue(1).takeUsed()).toHaveLength(2)
    await stop()
  })

  it('drops what is not a frame', async () => {
    const { queue, driver, link, faults, stop } = await rigUp()
    for (const length of [0, 11, 12, 25, 12 + 65539]) queue(1).submit([{ at: 0x8000, length }])
    driver.kick(1)
    expect(queue(1).takeUsed()).toHaveLength(5)
    expect([link.sent, faults]).toEqual([[], []])
    await stop()
  })

  it('leaves frames in the guest’s queue while the link is full', async () => {
    const { queue, driver, link, stop } = await rigUp()
    link.full = true
    for (let count = 0; count < 3; count += 1) queue(1).submit([{ at: 0x8000, length: 112 }])
    driver.kick(1)
    expect(queue(1).takeUsed()).toEqual([])
    link.full = false
    link.events?.writable()
    expect(queue(1).takeUsed()).toHaveLength(3)
    await stop()
  })

  it('receives a frame into one buffer or several, handed back together', async () => {
    const { queue, get, offer, receive, stop } = await rigUp()
    offer(2000)
    receive(frame(1000))
    expect(queue(0).takeUsed()).toEqual([{ head: 0, written: 1012 }])
    expect(get(0x20000, 12).readUInt16LE(10)).toBe(1)
    expect(get(0x2000c, 1000).equals(frame(1000))).toBe(true)
    for (let slot = 0; slot < 3; slot += 1) offer(1500, slot)
    receive(frame(4000, 3))
    expect(
      queue(0)
        .takeUsed()
        .map(({ written }) => written),
    ).toEqual([1500, 1500, 1012])
    expect(get(0x20000, 12).readUInt16LE(10)).toBe(3)
    const got = Buffer.concat([get(0x2000c, 1488), get(0x24000, 1500), get(0x28000, 1012)])
    expect(got.equals(frame(4000, 3))).toBe(true)
    await stop()
  })

  it('keeps frames for which there are too few buffers, and continues at the next kick', async () => {
    const { queue, offer, receive, driver, stop } = await rigUp()
    offer(1500)
    receive(frame(2000))
    receive(frame(60))
    expect(queue(0).takeUsed()).toEqual([])
    offer(1500, 1)
    offer(1500, 2)
    driver.kick(0)
    expect(
      queue(0)
        .takeUsed()
        .map(({ written }) => written),
    ).toEqual([1500, 512, 72])
    await stop()
  })

  it('asks the link to stop when the guest takes nothing, and to go on when it does', async () => {
    const { queue, offer, receive, driver, link, stop } = await rigUp()
    const accepted = Array.from({ length: 64 }, () => receive(frame(60)))
    expect(accepted.lastIndexOf(true)).toBe(62)
    for (let slot = 0; slot < 8; slot += 1) offer(1500, slot)
    driver.kick(0)
    expect(queue(0).takeUsed()).toHaveLength(8)
    expect(link.resumed).toBe(1)
    await stop()
  })

  it('drops a frame for which a buffer is too small, where buffers cannot be merged', async () => {
    const { queue, offer, receive, stop } = await rigUp({ without: 1n << 15n })
    offer(1500)
    offer(1500, 1)
    receive(frame(4000))
    receive(frame(100))
    expect(
      queue(0)
        .takeUsed()
        .map(({ written }) => written),
    ).toEqual([0, 112])
    await stop()
  })

  it('drops a frame for which the first buffer cannot hold the header', async () => {
    const { queue, offer, receive, faults, stop } = await rigUp()
    offer(5)
    offer(1500, 1)
    receive(frame(100))
    expect(
      queue(0)
        .takeUsed()
        .map(({ written }) => written),
    ).toEqual([0, 0])
    expect(faults).toEqual([])
    await stop()
  })
})
