import { createHash } from 'node:crypto'
import { describe, expect } from 'vitest'
import { decodeGuest, encodeGuest } from '../../providers/kvm/process/saved-guest.ts'
import { StateReader, StateWriter } from '../../providers/kvm/snapshot/fields.ts'
import { decodeState, mostStateBytes } from '../../providers/kvm/snapshot/format.ts'
import { isPosadaError } from '../../src/errors/index.ts'
import { DriverQueue } from '../helpers/driver-queue.ts'
import { PlainMemory } from '../helpers/guest-memory.ts'
import { PciDriver } from '../helpers/pci-driver.ts'
import { plugIn } from '../helpers/virtio-machine.ts'
import { makers } from './devices.ts'
import { inFolder } from './folder.ts'
import { fuzz } from './fuzz.ts'
import { patched } from './source.ts'

const MiB = 2 ** 20
const facts = { processors: '2', memory: '1048576 bytes' }
const part = (length: number) => new Uint8Array(length).map((_, at) => at)
const saved = encodeGuest(
  {
    machine: { vm: part(500), vcpus: [part(900), part(900)] },
    devices: [part(300), part(0)],
    serial: part(20),
  },
  facts,
  MiB,
)

/** Puts the checksums right of a file that was changed, as who wants to deceive would. */
function sealed(file: Buffer): Buffer {
  if (file.length < 64) return file
  const count = Math.min(file.readUInt32LE(12), Math.floor((file.length - 64) / 64))
  let at = 64 + 64 * count
  for (let entry = 64; entry < 64 + 64 * count; entry += 64) {
    const length = file.readUInt32LE(entry + 28)
    file.set(
      createHash('sha256')
        .update(file.subarray(at, at + length))
        .digest(),
      entry + 32,
    )
    at += length
  }
  const head = createHash('sha256')
    .update(file.subarray(0, 32))
    .update(file.subarray(64, 64 + 64 * count))
  file.set(head.digest(), 32)
  return file
}

/** Whether it did what it should; false where it was refused by the one code for that. */
function taken(work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    if (isPosadaError(error, 'E_MEMORY_UNUSABLE')) return false
    throw error
  }
}

describe('a saved machine', () => {
  fuzz('saved file', (source) => {
    const isSealed = source.flag()
    const places = Array.from({ length: 9 }, (_, index) => 64 * index)
    const changed = patched(source, saved, places)
    const file = isSealed ? sealed(changed) : changed
    const read = (offset: number, length: number) => {
      expect(length).toBeLessThanOrEqual(Math.min(mostStateBytes, file.length + MiB))
      return file.subarray(offset, offset + length)
    }
    taken(() => {
      const { machine, devices } = decodeGuest(decodeState({ size: file.length + MiB, read }), facts)
      expect(machine.vcpus.length + devices.length).toBeLessThanOrEqual(16)
      if (!isSealed) expect(file.equals(saved)).toBe(true)
    })
  })

  for (const [kind, make] of Object.entries(makers)) {
    fuzz(`saved ${kind}`, (source) =>
      inFolder(async (folder) => {
        const device = await make(folder)
        const memory = new PlainMemory()
        const rig = plugIn(device, memory)
        const driver = new PciDriver(rig)
        driver.probe()
        driver.enableMsix()
        await driver.negotiate(driver.features())
        for (const [index, largest] of device.queueSizes.entries())
          driver.addQueue(
            index,
            new DriverQueue(memory, { size: Math.min(16, largest), at: 0x1000 * (index + 1) }),
          )
        driver.start()
        await rig.core.freeze()
        const to = new StateWriter()
        rig.pci.save(to)
        await device.reset()
        await device.close()
        await inFolder(async (other) => {
          const next = await make(other)
          try {
            const machine = plugIn(next, memory)
            const from = new StateReader(patched(source, to.content))
            const isTaken = taken(() => {
              machine.pci.load(from)
              from.end()
            })
            if (!isTaken) return
            machine.core.thaw()
            for (const queue of next.queueSizes.keys()) machine.core.kick(queue)
            await new Promise((resolve) => setImmediate(resolve))
            await machine.core.freeze()
          } finally {
            await next.reset()
            await next.close()
          }
        })
      }),
    )
  }
})
