import { configSize, createFunctionBytes, type FunctionBytes } from './config-state.ts'

/** Offsets in the header of a PCI function (PCI 3.0, §6.1). */
export const header = {
  vendor: 0x00,
  device: 0x02,
  command: 0x04,
  status: 0x06,
  revision: 0x08,
  classCode: 0x09,
  headerType: 0x0e,
  bar0: 0x10,
  subsystemVendor: 0x2c,
  subsystem: 0x2e,
  capabilities: 0x34,
} as const

/** Command register: answer memory addresses, be bus master, no INTx (PCI 3.0, §6.2.2). */
export const command = { memory: 0x2, master: 0x4, noIntx: 0x400 } as const

const hasCapabilities = 0x10
const firstCapability = 0x40

export interface ConfigIdentity {
  readonly vendor: number
  readonly device: number
  /** 24 bits: class, subclass, interface. */
  readonly classCode: number
  readonly revision?: number
  readonly subsystemVendor?: number
  readonly subsystem?: number
}

/** The 256 bytes of a function's configuration, with a mask of the bits that software may write. */
export class ConfigSpace {
  #at: FunctionBytes = createFunctionBytes()
  #nextCapability: number = firstCapability
  #lastLink: number = header.capabilities

  constructor(identity: ConfigIdentity) {
    this.bytes.writeUInt16LE(identity.vendor, header.vendor)
    this.bytes.writeUInt16LE(identity.device, header.device)
    this.bytes.writeUInt8(identity.revision ?? 0, header.revision)
    this.bytes.writeUIntLE(identity.classCode, header.classCode, 3)
    this.bytes.writeUInt16LE(identity.subsystemVendor ?? 0, header.subsystemVendor)
    this.bytes.writeUInt16LE(identity.subsystem ?? 0, header.subsystem)
    this.allow(header.command, 2, command.memory | command.master | command.noIntx)
  }

  get bytes(): Buffer {
    return this.#at.values
  }

  /** Moves to memory that others read; what they see is what software sees. */
  moveTo(shared: FunctionBytes): void {
    shared.values.set(this.#at.values)
    shared.writable.set(this.#at.writable)
    shared.live.set(this.#at.live)
    this.#at = shared
  }

  /** Lets software write the bits of `mask` in the `width` bytes at `offset`. */
  allow(offset: number, width: number, mask: number): void {
    this.#at.writable.writeUIntLE(mask, offset, width)
  }

  /** An access of these bytes has a meaning of its own, which whoever reads them elsewhere cannot know. */
  markLive(offset: number, width: number): void {
    this.#at.live.fill(1, offset, offset + width)
  }

  /** Appends a capability (PCI 3.0, §6.7): its id, then `body` after the link byte. Returns its offset. */
  addCapability(id: number, body: Uint8Array): number {
    const at = this.#nextCapability
    if (at + 2 + body.length > configSize) throw new Error('no room for another PCI capability')
    this.bytes.writeUInt16LE(this.bytes.readUInt16LE(header.status) | hasCapabilities, header.status)
    this.bytes.writeUInt8(at, this.#lastLink)
    this.bytes.writeUInt8(id, at)
    this.bytes.set(body, at + 2)
    this.#lastLink = at + 1
    this.#nextCapability = (at + 2 + body.length + 3) & ~3
    return at
  }

  read(offset: number, data: Uint8Array): void {
    data.fill(0xff)
    data.set(this.bytes.subarray(offset, offset + data.length))
  }

  /** Changes what may be changed. */
  write(offset: number, data: Uint8Array): void {
    for (let index = 0; index < data.length && offset + index < configSize; index += 1) {
      const mask = this.#at.writable[offset + index] ?? 0
      const old = this.bytes[offset + index] ?? 0
      this.bytes[offset + index] = (old & ~mask) | ((data[index] ?? 0) & mask)
    }
  }
}
