import type { MsiMessage, MsiVector } from '../bus/device.ts'
import type { Snapshottable, StateReader, StateWriter } from '../snapshot/fields.ts'

/** Capability id and control bits of MSI-X (PCI 3.0, §6.8.2). */
export const msix = { id: 0x11, enable: 0x8000, functionMask: 0x4000, entryBytes: 16 } as const

/**
 * The MSI-X table and pending bits of a function (PCI 3.0, §6.8.2). A vector that is masked remembers one
 * interrupt and delivers it when it is unmasked (§6.8.2.9).
 */
export class MsixTable implements Snapshottable {
  readonly #vectors: readonly MsiVector[]
  readonly #table: Buffer
  #pending: boolean[]
  readonly #routed: (MsiMessage | null)[]
  #control = 0

  constructor(vectors: readonly MsiVector[]) {
    this.#vectors = vectors
    this.#table = Buffer.alloc(vectors.length * msix.entryBytes)
    this.#pending = vectors.map(() => false)
    this.#routed = vectors.map(() => null)
    for (let index = 0; index < vectors.length; index += 1) this.#table.writeUInt32LE(1, index * 16 + 12)
  }

  get size(): number {
    return this.#vectors.length
  }
  get enabled(): boolean {
    return (this.#control & msix.enable) !== 0
  }

  /** Message control as the guest wrote it; only enable and function mask count. */
  setControl(value: number): void {
    this.#control = value & (msix.enable | msix.functionMask)
    for (let index = 0; index < this.size; index += 1) this.#refresh(index)
  }

  save(to: StateWriter): void {
    to.bytes(this.#table)
    for (const pending of this.#pending) to.number(pending ? 1 : 0)
  }

  /** The control register, which says what of it counts, is set next. */
  load(from: StateReader): void {
    this.#table.set(from.exactly(this.#table.length))
    this.#pending = this.#pending.map(() => from.number(1) === 1)
  }

  readTable(offset: number, data: Uint8Array): void {
    data.fill(0)
    data.set(this.#table.subarray(offset, offset + data.length))
  }

  /** Aligned writes of 4 or 8 bytes; others are ignored, as their result is undefined (§6.8.2). */
  writeTable(offset: number, data: Uint8Array): void {
    const wide = data.length === 4 || data.length === 8
    if (!wide || offset % data.length !== 0 || offset + data.length > this.#table.length) return
    this.#table.set(data, offset)
    this.#refresh(Math.floor(offset / msix.entryBytes))
  }

  readPending(offset: number, data: Uint8Array): void {
    data.fill(0)
    for (let index = 0; index < this.size; index += 1) {
      const byte = Math.floor(index / 8) - offset
      if (this.#pending[index] && byte >= 0 && byte < data.length) {
        data[byte] = (data[byte] ?? 0) | (1 << (index % 8))
      }
    }
  }

  /** Delivers vector `index`, or remembers it while masked. Nothing while MSI-X is off. */
  trigger(index: number): void {
    if (!this.enabled || index >= this.size) return
    if (this.#masked(index)) this.#pending[index] = true
    else this.#vectors[index]?.trigger()
  }

  #masked(index: number): boolean {
    return (this.#control & msix.functionMask) !== 0 || (this.#table.readUInt32LE(index * 16 + 12) & 1) === 1
  }

  #refresh(index: number): void {
    const vector = this.#vectors[index]
    if (vector === undefined) return
    const message = this.enabled && !this.#masked(index) ? this.#message(index) : null
    if (!same(message, this.#routed[index] ?? null)) {
      this.#routed[index] = message
      vector.route(message)
    }
    if (message !== null && this.#pending[index]) {
      this.#pending[index] = false
      vector.trigger()
    }
  }

  #message(index: number): MsiMessage {
    const at = index * msix.entryBytes
    return {
      addressLow: this.#table.readUInt32LE(at),
      addressHigh: this.#table.readUInt32LE(at + 4),
      data: this.#table.readUInt32LE(at + 8),
    }
  }
}

function same(a: MsiMessage | null, b: MsiMessage | null): boolean {
  if (a === null || b === null) return a === b
  return a.addressLow === b.addressLow && a.addressHigh === b.addressHigh && a.data === b.data
}
