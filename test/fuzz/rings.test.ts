import { describe, expect } from 'vitest'
import type { VirtioDevice } from '../../providers/kvm/virtio/device/virtio-device.ts'
import { DriverQueue } from '../helpers/driver-queue.ts'
import type { PlainMemory } from '../helpers/guest-memory.ts'
import { PciDriver } from '../helpers/pci-driver.ts'
import { plugIn } from '../helpers/virtio-machine.ts'
import { makers } from './devices.ts'
import { inFolder } from './folder.ts'
import { fuzz } from './fuzz.ts'
import type { Source } from './source.ts'

// Rings and buffers lie in the first 128 KiB; what a descriptor may rightly name, that is inside RAM, ends before 256 KiB.
const guarded = 256 * 1024
const payload = 0x1_0000
const MiB = 2 ** 20
const mostActions = 150

const edges = [0, payload, 2 * payload, MiB - 1, MiB, 2 ** 32 - 1, 2 ** 32 + MiB - 1, 2 ** 40, 2 ** 48 - 1]
const lengths = [0, 1, 8, 12, 16, 32, 44, 64, 512, 513, 4096, MiB, 2 ** 31, 2 ** 32 - 1]
const sizes = [1, 8, 16, 44, 512, 1024, 3000, 4200]

/** What a descriptor names: anything but RAM that no one is told of. */
function place(source: Source): { address: number; length: number } {
  const address = source.below(3) > 0 ? payload + source.below(0x1_0000) : source.address(edges)
  const length = source.flag() ? source.pick(lengths) : source.below(65536)
  const end = address + length
  const inside = end <= MiB || (address >= 2 ** 32 && end <= 2 ** 32 + MiB)
  return inside && end > guarded ? { address: payload, length: 16 } : { address, length }
}

/** Words as requests begin with: of a disk, a connection, a console's control (virtio 1.2, §5.2.6, §5.10.6, §5.3.6.2), any. */
function words(source: Source): number[] {
  switch (source.below(4)) {
    case 0:
      return [
        source.pick([0, 1, 4, 8, 11, 13, 99]),
        0,
        source.below(2100),
        0,
        source.below(2100),
        0,
        source.below(2100),
        source.below(4),
      ]
    case 1:
      return [
        3,
        0,
        2,
        0,
        source.below(4),
        source.below(4),
        source.below(4200),
        1 + source.below(9) * 65536,
        source.below(4),
        source.number(4),
        source.number(4),
      ]
    case 2:
      return [source.below(4), source.below(9) + source.below(3) * 65536]
    default:
      return Array.from({ length: 1 + source.below(24) }, () =>
        source.flag() ? source.below(16) : source.number(4),
      )
  }
}

function writeWords(memory: PlainMemory, at: number, source: Source): void {
  for (const [index, word] of words(source).entries()) memory.writeU32(at + 4 * index, word)
}

async function start(driver: PciDriver, memory: PlainMemory, device: VirtioDevice): Promise<DriverQueue[]> {
  driver.writeConfig(0x10, 4, driver.bar)
  driver.writeConfig(0x04, 2, 6)
  await driver.negotiate(driver.features())
  const queues = device.queueSizes.map(
    (largest, index) => new DriverQueue(memory, { size: Math.min(largest, 16), at: 0x1000 * (index + 1) }),
  )
  queues.forEach((queue, index) => {
    queue.availableIndex = 0
    driver.addQueue(index, queue)
  })
  driver.start()
  return queues
}

/** Buffers of a chain as a real driver makes it, with sizes that a device may dislike. */
function chain(source: Source) {
  let at = payload
  const buffers = (count: number, write: boolean) =>
    Array.from({ length: count }, () => {
      const length = source.flag() ? source.pick(sizes) : source.below(4200)
      at += length
      return { at: at - length, length, write }
    })
  return [...buffers(source.below(4), false), ...buffers(source.below(4), true)]
}

async function play(device: VirtioDevice, source: Source): Promise<void> {
  const machine = plugIn(device)
  const { memory } = machine
  const driver = new PciDriver(machine)
  driver.probe()
  driver.enableMsix()
  let queues = await start(driver, memory, device)
  const untouched = memory.snapshot().subarray(guarded)
  const registers = () => {
    for (let left = source.below(16); left > 0; left -= 1) {
      const offset = source.flag() ? source.below(64) : 0x1000 + source.below(0x5000)
      const width = source.pick([1, 2, 4, 4, 4])
      machine.mmio.write(driver.bar + offset, width, source.number(width))
      machine.mmio.read(driver.bar + offset, width)
    }
  }
  for (let action = 0; action < mostActions && !source.isEmpty; action += 1) {
    const kind = source.below(16)
    const number = source.below(7)
    const queue = queues[number % queues.length]
    if (kind < 6) {
      const buffers = chain(source)
      writeWords(memory, payload, source)
      if (buffers.length > 0) queue?.submit(buffers)
      if (source.flag()) driver.kick(number % queues.length)
    } else if (kind < 8) {
      const flags = source.below(4) > 0 ? source.below(8) : source.number(2)
      queue?.descriptor(source.below(18), { ...place(source), flags, next: source.below(18) })
    } else if (kind === 8) queue?.offer(source.below(21))
    else if (kind === 9 && queue !== undefined) queue.availableIndex = source.number(2)
    else if (kind === 10) writeWords(memory, payload + source.below(0x8000), source)
    else if (kind === 11) registers()
    else if (kind === 12) {
      // While no queue is enabled and the device does not run, they can be changed.
      await driver.negotiate(driver.features())
      registers()
    } else if (kind === 13) queues = await start(driver, memory, device)
    else driver.kick(number)
    if (action % 8 === 7) await new Promise((resolve) => setImmediate(resolve))
  }
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  // Pages given to a balloon read as zero, as this part of RAM does anyway.
  expect(Buffer.compare(memory.snapshot().subarray(guarded), untouched)).toBe(0)
  await driver.reset()
}

describe('a hostile driver cannot make a device throw, hang or write where it was not told to', () => {
  for (const [kind, make] of Object.entries(makers)) {
    fuzz(`rings of ${kind}`, (source) =>
      inFolder(async (folder) => {
        const device = await make(folder)
        try {
          await play(device, source)
        } finally {
          await device.reset()
          await device.close()
        }
      }),
    )
  }
})
