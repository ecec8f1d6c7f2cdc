import { describe, expect } from 'vitest'
import { RngDevice } from '../../providers/kvm/virtio/devices/rng/device.ts'
import { DriverQueue } from '../helpers/driver-queue.ts'
import { PlainMemory } from '../helpers/guest-memory.ts'
import { PciDriver } from '../helpers/pci-driver.ts'
import { plugIn } from '../helpers/virtio-machine.ts'
import { fuzz } from './fuzz.ts'

const window = { base: 0xd000_0000, end: 0xe000_0000 }
/** Of virtio: VERSION_1, and the bits of the status register (virtio 1.2, §2.1). */
const status = { driverOk: 4, featuresOk: 8, needsReset: 64 }

describe('registers', () => {
  fuzz('pci configuration', (source) => {
    const { ports, mmio, pci, slot, faults } = plugIn(new RngDevice())
    while (!source.isEmpty) {
      const width = source.pick([1, 2, 4])
      const address = 0x8000_0000 + source.pick([0, slot, slot, slot, 31]) * 2048 + (source.byte() & 0xfc)
      if (source.below(8) === 0) ports.write(0xcf8 + source.below(8), width, source.number(width))
      else ports.write(0xcf8, 4, address)
      const port = 0xcfc + source.below(4)
      if (source.flag()) ports.write(port, width, source.number(width))
      else expect(ports.read(port, width)).toBeLessThan(2 ** (8 * width))
      // Wherever it is claimed, all of it is in reach; and what it is stays what it is.
      for (const { base, size } of mmio.claims) expect(base % size).toBe(0)
      expect(mmio.claims.length).toBeLessThanOrEqual(1)
      const within = source.below(0x8000)
      for (const { base } of mmio.claims) {
        // But for its doorbell and status, which are of the next one.
        if (within >= 0x1000) mmio.write(base + within, width, source.number(width))
        mmio.read(base + within, width)
      }
    }
    expect(pci.config.bytes.readUInt32LE(0)).toBe(0x1044_1af4)
    expect(faults).toEqual([])
  })

  fuzz('common configuration', async (source) => {
    const memory = new PlainMemory()
    const machine = plugIn(new RngDevice(), memory)
    const driver = new PciDriver(machine)
    driver.probe()
    expect(driver.bar).toBeGreaterThanOrEqual(window.base)
    expect(driver.bar).toBeLessThan(window.end)
    const sound = new DriverQueue(memory, { size: 8, at: 0x1000 })
    let taken: number | null = null
    while (!source.isEmpty) {
      const before = driver.status
      if (source.below(8) === 0) driver.addQueue(0, sound)
      if (source.below(8) === 0) await driver.negotiate(driver.features())
      const width = source.pick([1, 2, 4])
      const offset = source.below(72)
      const value = source.pick([0, 1, 3, 11, 15, 0xff, source.number(width)])
      machine.mmio.write(driver.bar + offset, width, value % 2 ** (8 * width))
      machine.mmio.read(driver.bar + offset, width)
      if (source.below(4) === 0) driver.kick(source.below(3))
      await new Promise((resolve) => setImmediate(resolve))
      const now = driver.status
      // Bits are never cleared one by one, features are fixed once they are agreed on, nothing runs without them.
      if (now !== 0) expect(now & before & 0x8f).toBe(driver.status === 0 ? 0 : now & before & 0x8f)
      if (now & status.driverOk) expect(now & status.featuresOk).toBe(status.featuresOk)
      driver.setCommon(8, 4, 1)
      const high = driver.common(12, 4)
      if (now & status.featuresOk && before & status.featuresOk && taken !== null && now !== 0)
        expect(high & 1).toBe(1)
      taken = now & status.featuresOk ? high : null
      if (now & status.driverOk) machine.core.kick(0)
    }
    await driver.reset()
    expect(driver.status).toBe(0)
  })
})
