import { expect, it } from 'vitest'
import { RngDevice } from '../../../../../../providers/kvm/virtio/devices/rng/device.ts'
import { DriverQueue } from '../../../../../helpers/driver-queue.ts'
import { PciDriver } from '../../../../../helpers/pci-driver.ts'
import { plugIn } from '../../../../../helpers/virtio-machine.ts'

// What a driver may put into its rings: test/fuzz/rings.test.ts.

it('a device that is always kicked never stalls the others: it lets time pass', async () => {
  const device = new RngDevice()
  const machine = plugIn(device)
  const driver = new PciDriver(machine)
  driver.probe()
  driver.enableMsix()
  await driver.negotiate(driver.features())
  const queue = new DriverQueue(machine.memory, { size: 8, at: 0x1000 })
  driver.addQueue(0, queue)
  driver.start()
  // Every chain that comes back is offered again at once, from the interrupt itself.
  queue.descriptor(0, { address: 0x1_0000, length: 8, flags: 2, next: 0 })
  const push = machine.memory.storeU16.bind(machine.memory)
  let rounds = 0
  machine.memory.storeU16 = (gpa, value) => {
    const done = push(gpa, value)
    if (gpa === queue.setup.used + 2 && rounds < 10_000) {
      rounds += 1
      queue.offer(0)
    }
    return done
  }
  queue.offer(0)
  driver.kick(0)
  expect(rounds).toBeLessThan(100)
  await new Promise((resolve) => setTimeout(resolve, 5))
  const seen = rounds
  await device.reset()
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(seen).toBeGreaterThan(100)
  expect(rounds).toBe(seen)
})
