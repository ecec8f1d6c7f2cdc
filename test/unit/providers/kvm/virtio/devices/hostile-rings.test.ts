import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openDisk } from '../../../../../../providers/kvm/disk/open-disk.ts'
import { createOverlay } from '../../../../../../providers/kvm/disk/qcow2/create.ts'
import type { FrameEvents, FrameLink } from '../../../../../../providers/kvm/net/frame-link.ts'
import type { VirtioDevice } from '../../../../../../providers/kvm/virtio/device/virtio-device.ts'
import { BalloonDevice } from '../../../../../../providers/kvm/virtio/devices/balloon/device.ts'
import { BlkDevice } from '../../../../../../providers/kvm/virtio/devices/blk/device.ts'
import { ConsoleDevice } from '../../../../../../providers/kvm/virtio/devices/console/device.ts'
import { UnixPort } from '../../../../../../providers/kvm/virtio/devices/console/unix-port.ts'
import { NetDevice } from '../../../../../../providers/kvm/virtio/devices/net/device.ts'
import { RngDevice } from '../../../../../../providers/kvm/virtio/devices/rng/device.ts'
import { VsockDevice } from '../../../../../../providers/kvm/virtio/devices/vsock/device.ts'
import { VsockHost } from '../../../../../../providers/kvm/virtio/devices/vsock/host-side.ts'
import { DriverQueue } from '../../../../../helpers/driver-queue.ts'
import { PlainMemory } from '../../../../../helpers/guest-memory.ts'
import { PciDriver } from '../../../../../helpers/pci-driver.ts'
import { plugIn } from '../../../../../helpers/virtio-machine.ts'

/** A link that answers every frame with itself and one more. */
class EchoLink implements FrameLink {
  readonly up = true
  #events: FrameEvents | null = null
  start(events: FrameEvents): void {
    this.#events = events
  }
  send(frame: readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(frame)
    setImmediate(() => {
      this.#events?.frame(bytes)
      this.#events?.frame(Buffer.alloc(3000, 5))
    })
    return true
  }
  resume(): void {
    // It never paused.
  }
  async close(): Promise<void> {
    this.#events = null
  }
}

const makers: Record<string, (folder: string) => Promise<VirtioDevice>> = {
  blk: async (folder) => {
    createOverlay(join(folder, 'disk'), { size: 2 ** 20 })
    const disk = openDisk({ path: join(folder, 'disk'), format: 'qcow2', readOnly: false })
    return new BlkDevice({
      disk,
      id: 'fuzz',
      transferred: { read: 0, written: 0 },
      onError: (error) => {
        throw error
      },
      onNoSpace: (error) => {
        throw error
      },
    })
  },
  net: async () => new NetDevice({ link: new EchoLink(), mac: '52:54:00:00:00:01', mtu: 1500 }),
  rng: async () => new RngDevice(),
  balloon: async () => new BalloonDevice(),
  console: async (folder) => {
    const port = new UnixPort('org.posada.test.0', join(folder, 'port'))
    await port.listen()
    return new ConsoleDevice([port])
  },
  vsock: async (folder) => {
    const host = new VsockHost(join(folder, 'vsock'))
    await host.listen()
    return new VsockDevice(3, host)
  },
}

// Rings and buffers lie in the first 128 KiB; what a descriptor may rightly name, that is inside RAM, ends before 256 KiB.
const guarded = 256 * 1024
const payload = 0x1_0000

const address = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: payload, max: 0x1_ffff }).map(BigInt) },
  { weight: 2, arbitrary: fc.nat(payload).map(BigInt) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(2n ** 20n - 1n, 2n ** 20n, 2n ** 32n - 1n, 2n ** 32n + 2n ** 20n - 1n),
  },
  { weight: 1, arbitrary: fc.bigInt({ min: 2n ** 40n, max: 2n ** 64n - 1n }) },
)
const length = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 8, 12, 16, 32, 44, 64, 512, 513, 4096) },
  { weight: 2, arbitrary: fc.nat(65536) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 20, 2 ** 31, 2 ** 32 - 1) },
)
const place = fc.record({ address, length }).filter((named) => {
  const end = named.address + BigInt(named.length)
  const inside = end <= 2n ** 20n || (named.address >= 2n ** 32n && end <= 2n ** 32n + 2n ** 20n)
  return !inside || end <= guarded
})
const size = fc.oneof(fc.constantFrom(1, 8, 16, 44, 512, 1024), fc.nat(4200))
const anyWord = fc.nat(0xffff_ffff)
/** type, reserved, sector; then a range to discard (virtio 1.2, §5.2.6). */
const blkWords = fc
  .tuple(fc.constantFrom(0, 1, 4, 8, 11, 13, 99), fc.oneof(fc.nat(2100), anyWord), fc.nat(2100), fc.nat(3))
  .map(([type, sector, count, flags]) => [type, 0, sector, 0, count, 0, count, flags])
/** Two addresses, two ports, length, type and operation, flags, credit (§5.10.6). */
const vsockWords = fc
  .tuple(fc.nat(3), fc.nat(3), fc.oneof(fc.nat(3000), anyWord), fc.nat(8), fc.nat(3), anyWord, anyWord)
  .map(([from, to, data, op, flags, room, done]) => [
    3,
    0,
    2,
    0,
    from,
    to,
    data,
    1 + op * 65536,
    flags,
    room,
    done,
  ])
/** port, event and value (§5.3.6.2). */
const controlWords = fc
  .tuple(fc.nat(3), fc.nat(8), fc.nat(2))
  .map(([port, event, value]) => [port, event + value * 65536])

/** Whole registers, often the address of a queue. */
const register = fc.record({
  offset: fc.oneof(
    fc.nat(60),
    fc.integer({ min: 8, max: 14 }).map((word) => 4 * word),
    fc.integer({ min: 0x1000, max: 0x6000 }),
  ),
  width: fc.constantFrom(1, 2, 4, 4, 4),
  value: fc.oneof(fc.nat(0xff), anyWord, fc.constantFrom(0x20_0000, 0x7fff_ffff, 0xffff_ffff)),
})

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('descriptor' as const),
      queue: fc.nat(5),
      index: fc.nat(17),
      place,
      flags: fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(0xffff) }),
      next: fc.nat(17),
    }),
  },
  {
    // A chain as a real driver makes it, with sizes and contents that a device may dislike.
    weight: 16,
    arbitrary: fc.record({
      do: fc.constant('chain' as const),
      queue: fc.nat(5),
      readable: fc.oneof(
        fc.constantFrom<number[]>([16], [44]),
        fc.array(size, { minLength: 1, maxLength: 3 }),
      ),
      writable: fc.oneof(
        { weight: 5, arbitrary: fc.array(size, { minLength: 1, maxLength: 3 }) },
        { weight: 1, arbitrary: fc.constant<number[]>([]) },
      ),
      words: fc.oneof(blkWords, vsockWords, controlWords),
      kick: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('kick' as const), queue: fc.nat(7) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('offer' as const), queue: fc.nat(5), head: fc.nat(20) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('index' as const), queue: fc.nat(5), value: fc.nat(0xffff) }),
  },
  {
    // Request headers: small numbers where types, sectors, operations and ports stand.
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('bytes' as const),
      at: fc.integer({ min: payload, max: 0x1_8000 }),
      words: fc.array(fc.oneof(fc.nat(16), fc.nat(0xffff_ffff)), { minLength: 1, maxLength: 24 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('registers' as const), writes: fc.array(register) }) },
  {
    // While no queue is enabled and the device does not run, they can be changed.
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('renegotiate' as const),
      writes: fc.array(register, { minLength: 5, maxLength: 30 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

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

async function play(device: VirtioDevice, actions: readonly Action[]): Promise<void> {
  const machine = plugIn(device)
  const { memory } = machine
  const driver = new PciDriver(machine)
  driver.probe()
  driver.enableMsix()
  let queues = await start(driver, memory, device)
  const untouched = memory.snapshot().subarray(guarded)
  for (const one of actions) {
    const queue = 'queue' in one ? queues[one.queue % queues.length] : undefined
    if (one.do === 'descriptor') queue?.descriptor(one.index, { ...one, ...one.place })
    else if (one.do === 'offer') queue?.offer(one.head)
    else if (one.do === 'index' && queue) queue.availableIndex = one.value
    else if (one.do === 'chain') {
      let at = payload
      const buffer = (write: boolean) => (length: number) => {
        at += length
        return { at: at - length, length, write }
      }
      const buffers = [...one.readable.map(buffer(false)), ...one.writable.map(buffer(true))]
      if (buffers.length > 0) queue?.submit(buffers)
      if (one.kick) driver.kick(one.queue % queues.length)
    } else if (one.do === 'kick') driver.kick(one.queue)
    else if (one.do === 'bytes')
      for (const [index, word] of one.words.entries()) memory.writeU32(one.at + 4 * index, word)
    else if (one.do === 'registers' || one.do === 'renegotiate') {
      if (one.do === 'renegotiate') await driver.negotiate(driver.features())
      for (const { offset, width, value } of one.writes) {
        machine.mmio.write(driver.bar + offset, width, value % 2 ** (8 * width))
        machine.mmio.read(driver.bar + offset, width)
      }
    } else if (one.do === 'restart') queues = await start(driver, memory, device)
    if (actions.indexOf(one) % 8 === 7) await new Promise((resolve) => setImmediate(resolve))
  }
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  // Pages given to a balloon read as zero, as this part of RAM does anyway.
  expect(Buffer.compare(memory.snapshot().subarray(guarded), untouched)).toBe(0)
  await driver.reset()
}

describe('a hostile driver', () => {
  it.each(Object.keys(makers))(
    'cannot make %s throw, hang or write where it was not told to (fuzz)',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(fc.array(action, { minLength: 40, maxLength: 150 }), async (actions) => {
          const folder = mkdtempSync(join(tmpdir(), 'posada-fuzz-'))
          try {
            const device = await (makers[name] as (folder: string) => Promise<VirtioDevice>)(folder)
            try {
              await play(device, actions)
            } finally {
              await device.reset()
              await device.close()
            }
          } finally {
            rmSync(folder, { recursive: true, force: true })
          }
        }),
        { numRuns: 60 },
      )
    },
    60_000,
  )

  it('never stalls the others: a device that is always kicked lets time pass', async () => {
    const device = new RngDevice()
    const machine = plugIn(device, new PlainMemory())
    const driver = new PciDriver(machine)
    driver.probe()
    const queues = await start(driver, machine.memory, device)
    const queue = queues[0]
    if (queue === undefined) throw new Error('no queue')
    // Every chain that comes back is offered again at once, from the interrupt itself.
    queue.descriptor(0, { address: payload, length: 8, flags: 2, next: 0 })
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
})
