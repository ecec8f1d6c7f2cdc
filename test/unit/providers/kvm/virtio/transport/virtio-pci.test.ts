import { describe, expect, it } from 'vitest'
import type { DeviceHost, VirtioDevice } from '../../../../../../providers/kvm/virtio/device/virtio-device.ts'
import { DriverQueue } from '../../../../../helpers/driver-queue.ts'
import { PciDriver } from '../../../../../helpers/pci-driver.ts'
import { plugIn } from '../../../../../helpers/virtio-machine.ts'

/** Gives every chain back at once with as many bytes written as it offers. */
class Echo implements VirtioDevice {
  readonly type = 'rng'
  readonly features = 1n << 5n
  readonly queueSizes = [16, 8]
  readonly configLength = 12
  readonly config = Buffer.alloc(12, 0xaa)
  host: DeviceHost | null = null
  kicks: number[] = []
  finishReset: (() => void) | null = null
  slow = false

  readConfig(offset: number, data: Uint8Array): void {
    data.set(this.config.subarray(offset, offset + data.length))
  }
  writeConfig(offset: number, data: Uint8Array): void {
    this.config.set(data, offset)
  }
  activate(host: DeviceHost): void {
    this.host = host
  }
  kick(index: number): void {
    this.kicks.push(index)
    const queue = this.host?.queue(index)
    for (let chain = queue?.pop(); chain; chain = queue?.pop()) queue?.push(chain.head, chain.writableLength)
    this.host?.notify(index)
  }
  async reset(): Promise<void> {
    this.host = null
    if (this.slow)
      await new Promise<void>((resolve) => {
        this.finishReset = resolve
      })
  }
  async close(): Promise<void> {
    this.host = null
  }
}

async function started() {
  const device = new Echo()
  const machine = plugIn(device)
  const driver = new PciDriver(machine)
  driver.probe()
  driver.enableMsix()
  const agreed = await driver.negotiate((1n << 32n) | (1n << 5n))
  const queue = new DriverQueue(machine.memory)
  driver.addQueue(0, queue)
  driver.start()
  return { device, machine, driver, queue, agreed }
}

describe('a virtio-pci function', () => {
  it('is found through ports CF8 and CFC, beside a host bridge, and nothing else is', async () => {
    const { driver, machine } = await started()
    expect(driver.readConfig(0, 4)).toBe(0x1044_1af4)
    expect(driver.readConfig(8, 4)).toBe(0xff00_0001)
    const other = (slot: number) => new PciDriver({ ...machine, slot }).readConfig(0, 4)
    expect(other(0)).toBe(0x0008_1b36)
    expect(other(2)).toBe(0xffff_ffff)
    machine.ports.write(0xcf8, 4, 0)
    expect(machine.ports.read(0xcfc, 4)).toBe(0xffff_ffff)
  })

  it('has the five kinds of structure, each within the BAR', async () => {
    const { driver } = await started()
    expect([...driver.structures.keys()].sort()).toEqual([1, 2, 3, 4, 5])
    for (const { bar, offset, length } of driver.structures.values()) {
      expect(bar).toBe(0)
      expect(offset + length).toBeLessThanOrEqual(0x8000)
    }
    expect(driver.readConfig(0x3d, 1)).toBe(0)
  })

  it('tells the size of its BAR and moves where it is put', async () => {
    const { driver, machine } = await started()
    driver.writeConfig(0x04, 2, 0)
    expect(machine.mmio.claims).toEqual([])
    driver.writeConfig(0x10, 4, 0xffff_ffff)
    expect(driver.readConfig(0x10, 4)).toBe(0xffff_8000)
    driver.writeConfig(0x10, 4, 0xe000_0000)
    driver.writeConfig(0x04, 2, 6)
    expect(machine.mmio.claims.map(({ base }) => base)).toEqual([0xe000_0000])
  })

  it('serves a chain and interrupts with the queue’s vector', async () => {
    const { driver, queue, machine, agreed } = await started()
    expect(agreed).toBe(true)
    queue.submit([{ at: 0x8000, length: 5, write: true }])
    driver.kick(0)
    expect(queue.takeUsed()).toEqual([{ head: 0, written: 5 }])
    expect(machine.msi.delivered).toEqual([{ addressLow: 0xfee0_0000, addressHigh: 0, data: 0x41 }])
  })

  it('keeps one interrupt of a masked vector until it is unmasked', async () => {
    const { driver, queue, machine } = await started()
    const entry = driver.bar + 0x4000 + 16
    machine.mmio.write(entry + 12, 4, 1)
    for (let count = 0; count < 2; count += 1) {
      queue.submit([{ at: 0x8000, length: 5, write: true }])
      driver.kick(0)
    }
    expect(machine.msi.delivered).toEqual([])
    expect(machine.mmio.read(driver.bar + 0x5000, 4)).toBe(2)
    machine.mmio.write(entry + 12, 4, 0)
    expect(machine.msi.delivered).toHaveLength(1)
    expect(machine.mmio.read(driver.bar + 0x5000, 4)).toBe(0)
  })

  it('refuses features that were not offered, and drivers of the legacy interface', async () => {
    const { driver } = await started()
    expect(driver.features()).toBe((1n << 32n) | (1n << 29n) | (1n << 28n) | (1n << 5n))
    expect(await driver.negotiate((1n << 32n) | (1n << 6n))).toBe(false)
    expect(await driver.negotiate(1n << 5n)).toBe(false)
    driver.start()
    expect(driver.status & 4).toBe(0)
  })

  it('ignores changes of queues and features after DRIVER_OK', async () => {
    const { driver, queue } = await started()
    driver.setCommon(22, 2, 0)
    driver.setCommon(32, 4, 0x2000)
    driver.setCommon(24, 2, 2)
    expect([driver.common(32, 4), driver.common(24, 2)]).toEqual([queue.setup.descriptors, 8])
    driver.setCommon(22, 2, 1)
    driver.setCommon(28, 2, 1)
    expect(driver.common(28, 2)).toBe(0)
  })

  it.each([
    [0xffff_ffff, 0xffff_ffff],
    [0, 0x0020_0000],
    [1, 0x0020_0000],
    [0xffff_fff0, 0x8000_0000],
    [0x1234_5678, 0x9abc_def0],
  ])('reads back addresses of 64 bits as they were written: %d, %d', async (low, high) => {
    const { driver, machine } = await started()
    await driver.negotiate(1n << 32n)
    driver.setCommon(22, 2, 0)
    for (const at of [32, 40, 48]) {
      driver.setCommon(at, 4, low)
      driver.setCommon(at + 4, 4, high)
      expect([driver.common(at, 4), driver.common(at + 4, 4)]).toEqual([low, high])
    }
    driver.setCommon(28, 2, 1)
    expect(driver.common(28, 2)).toBe(0)
    expect(driver.status & 64).toBe(64)
    expect(machine.faults).toHaveLength(1)
  })

  it('needs a reset after a queue outside RAM was enabled, and works after it', async () => {
    const { driver, machine, queue } = await started()
    await driver.negotiate(1n << 32n)
    driver.setCommon(22, 2, 0)
    driver.setCommon(32, 4, 0x8000_0000)
    driver.setCommon(28, 2, 1)
    expect(driver.status & 64).toBe(64)
    expect(machine.faults).toEqual([expect.stringContaining('descriptor table')])
    expect(await driver.negotiate(1n << 32n)).toBe(true)
    driver.addQueue(0, queue)
    driver.start()
    expect(driver.status).toBe(15)
  })

  it('says by an interrupt and its status that a bad ring needs a reset', async () => {
    const { driver, machine, queue, device } = await started()
    queue.offer(99)
    driver.kick(0)
    expect(driver.status & 64).toBe(64)
    expect(machine.msi.delivered.map(({ data }) => data)).toEqual([0x40])
    driver.setDevice(0, 4, 1)
    expect(device.config[0]).toBe(0xaa)
  })

  it('reads status 0 only when the device is quiet', async () => {
    const { driver, device } = await started()
    device.slow = true
    driver.status = 0
    expect(driver.status).toBe(15)
    driver.status = 1
    device.finishReset?.()
    await new Promise((resolve) => setImmediate(resolve))
    expect(driver.status).toBe(0)
  })

  it('forgets its interrupt status with a reset', async () => {
    const { driver, queue, machine, device } = await started()
    const isr = () => machine.mmio.read(driver.bar + (driver.structures.get(3)?.offset ?? 0), 1)
    queue.submit([{ at: 0x8000, length: 5, write: true }])
    driver.kick(0)
    device.host?.configChanged()
    await driver.reset()
    expect(isr()).toBe(0)
  })

  it('leaves memory alone from when it is no longer a bus master until it is started again', async () => {
    const { driver, queue, machine, device } = await started()
    driver.writeConfig(0x04, 2, 2)
    const before = machine.memory.snapshot()
    queue.submit([{ at: 0x8000, length: 5, write: true }])
    const offered = machine.memory.snapshot()
    driver.kick(0)
    device.host?.queue(0)?.push(0, 1)
    device.host?.configChanged()
    await new Promise((resolve) => setImmediate(resolve))
    expect(Buffer.compare(machine.memory.snapshot(), offered)).toBe(0)
    expect(Buffer.compare(before, offered)).not.toBe(0)
    expect([driver.status, machine.msi.delivered, queue.takeUsed()]).toEqual([0, [], []])
    driver.writeConfig(0x04, 2, 6)
    await driver.negotiate(1n << 32n)
    const again = new DriverQueue(machine.memory, { at: 0x2000 })
    driver.addQueue(0, again)
    driver.start()
    again.submit([{ at: 0x8000, length: 5, write: true }])
    driver.kick(0)
    expect(again.takeUsed()).toEqual([{ head: 0, written: 5 }])
  })

  it('is not started by a driver that has not made it a bus master', async () => {
    const { driver, queue, machine } = await started()
    driver.writeConfig(0x04, 2, 2)
    await driver.negotiate(1n << 32n)
    driver.addQueue(0, queue)
    driver.start()
    expect(driver.status & 68).toBe(64)
    expect(machine.faults).toEqual([expect.stringContaining('access memory')])
  })

  it('is out of reach once it is unplugged, whatever the driver does', async () => {
    const { driver, queue, machine, device } = await started()
    machine.core.unplug()
    const before = machine.memory.snapshot()
    driver.kick(0)
    driver.status = 0
    driver.writeConfig(0x04, 2, 0)
    driver.writeConfig(0x04, 2, 6)
    driver.status = 1
    driver.status = 3
    driver.status = 11
    driver.addQueue(0, queue)
    driver.start()
    driver.kick(0)
    device.host?.queue(0)?.push(0, 1)
    expect(device.kicks).toEqual([0])
    expect(Buffer.compare(machine.memory.snapshot(), before)).toBe(0)
  })

  it('reads and writes the BAR through the configuration access capability', async () => {
    const { driver, machine } = await started()
    const at = driver.structures.get(5)?.at ?? 0
    driver.writeConfig(at + 8, 4, 18)
    driver.writeConfig(at + 12, 4, 2)
    expect(driver.readConfig(at + 16, 2)).toBe(2)
    driver.writeConfig(at + 8, 4, 0x3000)
    driver.writeConfig(at + 16, 2, 0)
    driver.writeConfig(at + 8, 4, 0xffff_fffe)
    expect(driver.readConfig(at + 16, 2)).toBe(0xffff)
    expect(machine.faults).toEqual([])
  })

  it('keeps configuration accesses inside the device’s length', async () => {
    const { driver } = await started()
    driver.setDevice(8, 4, 0x1234_5678)
    expect(driver.device(8, 4)).toBe(0x1234_5678)
    expect(driver.device(10, 4)).toBe(0x1234)
    driver.setDevice(12, 4, 1)
    expect(driver.device(12, 4)).toBe(0)
  })
})
