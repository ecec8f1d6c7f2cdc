import type { VirtioDevice } from '../../providers/kvm/virtio/device/virtio-device.ts'
import { DriverQueue } from './driver-queue.ts'
import { PciDriver } from './pci-driver.ts'
import { plugIn } from './virtio-machine.ts'

/** A device brought up to DRIVER_OK over PCI, with a driver's queue for each of its own. */
export async function startDevice(device: VirtioDevice, options: { without?: bigint; size?: number } = {}) {
  const machine = plugIn(device)
  const driver = new PciDriver(machine)
  driver.probe()
  driver.enableMsix()
  // Event index is left out, so that tests see an interrupt for every batch.
  const features = driver.features() & ~(1n << 29n) & ~(options.without ?? 0n)
  if (!(await driver.negotiate(features))) throw new Error('the features were refused')
  const queues = device.queueSizes.map((largest, index) => {
    const size = Math.min(largest, options.size ?? 16)
    const queue = new DriverQueue(machine.memory, { size, at: 0x1000 * (index + 1) })
    driver.addQueue(index, queue)
    return queue
  })
  driver.start()
  return {
    ...machine,
    driver,
    queues,
    queue(index: number): DriverQueue {
      const queue = queues[index]
      if (queue === undefined) throw new Error(`no queue ${index}`)
      return queue
    },
    /** Writes bytes into RAM and says where. */
    put(at: number, bytes: Uint8Array): { at: number; length: number } {
      let done = 0
      for (const piece of machine.memory.pieces(at, bytes.length) ?? []) {
        piece.set(bytes.subarray(done, done + piece.length))
        done += piece.length
      }
      return { at, length: bytes.length }
    },
    get(at: number, length: number): Buffer {
      return Buffer.concat(machine.memory.pieces(at, length) ?? [])
    },
    async stop(): Promise<void> {
      await driver.reset()
      await device.close()
    },
  }
}

/** Resolves when `until` holds; fails after a second or so. */
export async function eventually(until: () => boolean, what = 'it never happened'): Promise<void> {
  for (const end = Date.now() + 3000; !until(); ) {
    if (Date.now() > end) throw new Error(what)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
