import type { GuestMemory, MemoryRegion } from '../../providers/kvm/memory/guest-memory.ts'

export interface PlainMemoryOptions {
  regions?: readonly MemoryRegion[]
  /** Bytes after which a view ends, as the real mapping's windows do; a multiple of 4. */
  window?: number
}

/** Guest memory in plain buffers: by default 1 MiB at 0 and 1 MiB above the hole, in windows of 64 KiB. */
export class PlainMemory implements GuestMemory {
  readonly regions: readonly MemoryRegion[]
  readonly size: number
  readonly released: { gpa: number; length: number }[] = []
  readonly #window: number
  readonly #buffers: Uint8Array[][]

  constructor(options: PlainMemoryOptions = {}) {
    this.regions = options.regions ?? [
      { base: 0, size: 2 ** 20 },
      { base: 2 ** 32, size: 2 ** 20 },
    ]
    this.size = this.regions.reduce((sum, region) => sum + region.size, 0)
    this.#window = options.window ?? 65536
    this.#buffers = this.regions.map((region) => {
      const count = Math.ceil(region.size / this.#window)
      return Array.from({ length: count }, (_, index) => {
        const length = Math.min(this.#window, region.size - index * this.#window)
        return new Uint8Array(new SharedArrayBuffer(length))
      })
    })
  }

  contains(gpa: number, length: number): boolean {
    return this.#find(gpa, length) !== null
  }

  slice(gpa: number, length: number): Uint8Array | null {
    const found = this.#find(gpa, length)
    if (found === null) return null
    const start = found.offset % this.#window
    const buffer = this.#buffers[found.region]?.[Math.floor(found.offset / this.#window)]
    if (buffer === undefined || start + length > buffer.length) return null
    return buffer.subarray(start, start + length)
  }

  pieces(gpa: number, length: number): Uint8Array[] | null {
    if (this.#find(gpa, length) === null) return null
    const pieces: Uint8Array[] = []
    let at = gpa
    let left = length
    while (left > 0) {
      const found = this.#find(at, 1)
      if (found === null) return null
      const size = Math.min(left, this.#window - (found.offset % this.#window))
      const piece = this.slice(at, size)
      if (piece === null) return null
      pieces.push(piece)
      at += size
      left -= size
    }
    return pieces
  }

  readU8(gpa: number): number | null {
    return this.#read(gpa, 1)
  }
  readU16(gpa: number): number | null {
    return this.#read(gpa, 2)
  }
  readU32(gpa: number): number | null {
    return this.#read(gpa, 4)
  }
  writeU8(gpa: number, value: number): boolean {
    return this.#write(gpa, 1, value)
  }
  writeU16(gpa: number, value: number): boolean {
    return this.#write(gpa, 2, value)
  }
  writeU32(gpa: number, value: number): boolean {
    return this.#write(gpa, 4, value)
  }

  loadU16(gpa: number): number | null {
    const view = gpa % 2 === 0 ? this.slice(gpa, 2) : null
    return view === null ? null : Atomics.load(new Uint16Array(view.buffer, view.byteOffset, 1), 0)
  }

  storeU16(gpa: number, value: number): boolean {
    const view = gpa % 2 === 0 ? this.slice(gpa, 2) : null
    if (view === null) return false
    Atomics.store(new Uint16Array(view.buffer, view.byteOffset, 1), 0, value)
    return true
  }

  release(gpa: number, length: number): boolean {
    const pieces = this.pieces(gpa, length)
    if (pieces === null) return false
    for (const piece of pieces) piece.fill(0)
    this.released.push({ gpa, length })
    return true
  }

  /** All of RAM in one buffer, regions one after the other. */
  snapshot(): Uint8Array {
    return Buffer.concat(this.#buffers.flat())
  }

  #find(gpa: number, length: number): { region: number; offset: number } | null {
    if (!Number.isSafeInteger(gpa) || !Number.isSafeInteger(length) || length < 0) return null
    const region = this.regions.findIndex(({ base, size }) => gpa >= base && gpa + length <= base + size)
    const found = this.regions[region]
    return found === undefined ? null : { region, offset: gpa - found.base }
  }

  #read(gpa: number, width: number): number | null {
    const pieces = this.pieces(gpa, width)
    return pieces === null ? null : Buffer.concat(pieces).readUIntLE(0, width)
  }

  #write(gpa: number, width: number, value: number): boolean {
    const pieces = this.pieces(gpa, width)
    if (pieces === null) return false
    const bytes = Buffer.alloc(width)
    bytes.writeUIntLE(value, 0, width)
    let at = 0
    for (const piece of pieces) {
      piece.set(bytes.subarray(at, at + piece.length))
      at += piece.length
    }
    return true
  }
}
