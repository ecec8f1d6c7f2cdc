import type { Ram } from '../../../providers/kvm/memory/ram.ts'
import type { FsDevice } from '../../../providers/kvm/virtio/devices/fs/device.ts'
import { DriverQueue } from '../../helpers/driver-queue.ts'
import { PciDriver } from '../../helpers/pci-driver.ts'
import { eventually } from '../../helpers/started-device.ts'
import { plugIn } from '../../helpers/virtio-machine.ts'

/** Opcodes (<linux/fuse.h>). */
const opcode = {
  lookup: 1,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  init: 26,
  create: 35,
} as const
const root = 1
const [readOnly, readWrite] = [0, 2]
const headers = { in: 40, out: 16 } as const

/** Plays the guest's file system over a device of a machine without processors: one request at a time. */
export async function mountedBy(device: FsDevice, ram: Ram) {
  const machine = plugIn(device, ram.memory)
  const driver = new PciDriver(machine)
  driver.probe()
  driver.enableMsix()
  let queue = new DriverQueue(ram.memory)
  let unique = 0n

  async function ask(
    what: keyof typeof opcode,
    node: number,
    body: Uint8Array,
    room = 4096,
  ): Promise<Buffer> {
    unique += 1n
    const request = Buffer.alloc(headers.in + body.length)
    request.writeUInt32LE(request.length, 0)
    request.writeUInt32LE(opcode[what], 4)
    request.writeBigUInt64LE(unique, 8)
    request.writeBigUInt64LE(BigInt(node), 16)
    request.set(body, headers.in)
    const [at, answerAt] = [0x10_0000, 0x40_0000]
    copy(ram, at, request)
    const interrupts = machine.msi.delivered.length
    queue.submit([
      { at, length: request.length },
      { at: answerAt, length: headers.out + room, write: true },
    ])
    driver.kick(1)
    await eventually(() => queue.usedIndex !== before, `no answer to ${what}`)
    await eventually(() => machine.msi.delivered.length > interrupts, 'no interrupt')
    before = queue.usedIndex
    const [{ written = 0 } = {}] = queue.takeUsed()
    const answer = Buffer.concat(ram.memory.pieces(answerAt, written) ?? [])
    if (answer.readBigUInt64LE(8) !== unique) throw new Error('the answer to something else')
    const error = answer.readInt32LE(4)
    if (error !== 0) throw new Error(`${what}: ${error}`)
    return answer.subarray(headers.out)
  }
  let before = 0

  return {
    faults: machine.faults,
    tag: () =>
      String.fromCharCode(...Array.from({ length: 36 }, (_, at) => driver.device(at, 1))).replace(/\0/g, ''),
    /** Brings the driver up, as a kernel does that boots and mounts. */
    async mount(): Promise<void> {
      const features = driver.features() & ~(1n << 29n)
      if (!(await driver.negotiate(features))) throw new Error('the features were refused')
      const high = new DriverQueue(ram.memory, { size: 16, at: 0x1000 })
      queue = new DriverQueue(ram.memory, { size: 16, at: 0x4000 })
      for (const { available, used } of [high.setup, queue.setup])
        for (const ring of [available, used]) ram.memory.writeU32(ring, 0)
      before = 0
      driver.addQueue(0, high)
      driver.addQueue(1, queue)
      driver.start()
      const body = Buffer.alloc(16)
      for (const [index, value] of [7, 31, 2 ** 20, 0].entries()) body.writeUInt32LE(value, 4 * index)
      await ask('init', 0, body)
    },
    async read(name: string): Promise<string> {
      const node = Number((await ask('lookup', root, text(name))).readBigUInt64LE(0))
      const handle = (await ask('open', node, words(readOnly, 0))).readBigUInt64LE(0)
      const content = await ask('read', node, io(handle, 0, 65536), 65536)
      await ask('release', node, io(handle, 0, 0).subarray(0, 24))
      return content.toString()
    },
    async write(name: string, content: Buffer): Promise<void> {
      const made = await ask(
        'create',
        root,
        Buffer.concat([words(readWrite, 0o100640, 0o022, 0), text(name)]),
      )
      const [node, handle] = [Number(made.readBigUInt64LE(0)), made.readBigUInt64LE(128)]
      for (let at = 0; at < content.length; at += 65536) {
        const piece = content.subarray(at, at + 65536)
        await ask('write', node, Buffer.concat([io(handle, at, piece.length), piece]))
      }
      await ask('release', node, io(handle, 0, 0).subarray(0, 24))
    },
    reset: () => driver.reset(),
  }
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index)
  return bytes
}

/** struct fuse_read_in, and fuse_write_in. */
function io(handle: bigint, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(40)
  bytes.writeBigUInt64LE(handle, 0)
  bytes.writeBigUInt64LE(BigInt(offset), 8)
  bytes.writeUInt32LE(size, 16)
  return bytes
}

const text = (value: string) => Buffer.from(`${value}\0`)

function copy(ram: Ram, at: number, bytes: Uint8Array): void {
  for (const piece of ram.memory.pieces(at, bytes.length) ?? []) {
    piece.set(bytes.subarray(0, piece.length))
    bytes = bytes.subarray(piece.length)
  }
}
