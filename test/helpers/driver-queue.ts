import type { GuestMemory } from '../../providers/kvm/memory/guest-memory.ts'
import type { QueueSetup } from '../../providers/kvm/virtio/queue/layout.ts'

/** A buffer as the driver describes it. */
export type DriverBuffer = { at: number; length: number; write?: boolean }

export interface RawDescriptor {
  address: number | bigint
  length: number
  flags: number
  next: number
}

/**
 * The driver's side of a split queue, in plain TypeScript: lays rings out in guest memory, submits chains
 * and reads what came back. Its raw methods write whatever they are told, so that tests can break rules.
 */
export class DriverQueue {
  readonly setup: QueueSetup
  readonly memory: GuestMemory
  #nextDescriptor = 0
  #nextUsed = 0

  constructor(memory: GuestMemory, options: { size?: number; at?: number } = {}) {
    const size = options.size ?? 8
    const at = options.at ?? 0x1000
    const available = at + 16 * size
    const used = Math.ceil((available + 6 + 2 * size) / 4) * 4
    this.memory = memory
    this.setup = { size, descriptors: at, available, used }
  }

  /** First address after the rings. */
  get end(): number {
    return this.setup.used + 6 + 8 * this.setup.size
  }

  /** Writes a chain and makes it available; returns its head. */
  submit(buffers: readonly DriverBuffer[]): number {
    const head = this.#nextDescriptor
    buffers.forEach((buffer, index) => {
      const last = index === buffers.length - 1
      const at = (head + index) % this.setup.size
      this.descriptor(at, {
        address: buffer.at,
        length: buffer.length,
        flags: (last ? 0 : 1) | (buffer.write === true ? 2 : 0),
        next: last ? 0 : (at + 1) % this.setup.size,
      })
    })
    this.#nextDescriptor = (head + buffers.length) % this.setup.size
    this.offer(head)
    return head
  }

  /** Writes a chain into an indirect table at `table`, and offers it by descriptor `head`. */
  submitIndirect(head: number, table: number, buffers: readonly DriverBuffer[]): void {
    buffers.forEach((buffer, index) => {
      const last = index === buffers.length - 1
      const flags = (last ? 0 : 1) | (buffer.write === true ? 2 : 0)
      this.descriptorAt(table + 16 * index, {
        address: buffer.at,
        length: buffer.length,
        flags,
        next: index + 1,
      })
    })
    this.descriptor(head, { address: table, length: 16 * buffers.length, flags: 4, next: 0 })
    this.offer(head)
  }

  descriptor(index: number, raw: RawDescriptor): void {
    this.descriptorAt(this.setup.descriptors + 16 * index, raw)
  }

  descriptorAt(at: number, raw: RawDescriptor): void {
    const address = BigInt(raw.address)
    this.memory.writeU32(at, Number(address & 0xffff_ffffn))
    this.memory.writeU32(at + 4, Number(address >> 32n))
    this.memory.writeU32(at + 8, raw.length)
    this.memory.writeU16(at + 12, raw.flags)
    this.memory.writeU16(at + 14, raw.next)
  }

  /** Puts a head into the available ring and moves its index. */
  offer(head: number): void {
    const index = this.availableIndex
    this.memory.writeU16(this.setup.available + 4 + 2 * (index % this.setup.size), head)
    this.availableIndex = (index + 1) & 0xffff
  }

  get availableIndex(): number {
    return this.memory.loadU16(this.setup.available + 2) ?? 0
  }
  set availableIndex(value: number) {
    this.memory.storeU16(this.setup.available + 2, value)
  }

  set availableFlags(value: number) {
    this.memory.writeU16(this.setup.available, value)
  }

  /** With event index: the driver wants an interrupt when used.idx passes this. */
  set usedEvent(value: number) {
    this.memory.writeU16(this.setup.available + 4 + 2 * this.setup.size, value)
  }

  get availableEvent(): number {
    return this.memory.readU16(this.setup.used + 4 + 8 * this.setup.size) ?? -1
  }
  get usedFlags(): number {
    return this.memory.readU16(this.setup.used) ?? -1
  }
  get usedIndex(): number {
    return this.memory.loadU16(this.setup.used + 2) ?? -1
  }

  /** What the device gave back since the last call. */
  takeUsed(): { head: number; written: number }[] {
    const taken: { head: number; written: number }[] = []
    for (const end = this.usedIndex; this.#nextUsed !== end; this.#nextUsed = (this.#nextUsed + 1) & 0xffff) {
      const at = this.setup.used + 4 + 8 * (this.#nextUsed % this.setup.size)
      taken.push({ head: this.memory.readU32(at) ?? -1, written: this.memory.readU32(at + 4) ?? -1 })
    }
    return taken
  }
}
