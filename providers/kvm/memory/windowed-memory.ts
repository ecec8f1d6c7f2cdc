import type { GuestMemory, MemoryRegion } from './guest-memory.ts'

/** A piece of RAM that one buffer holds. */
export interface MemoryWindow {
  /** Guest physical address of its first byte. */
  base: number
  buffer: ArrayBuffer | SharedArrayBuffer
}

/** Gives back whole pages: `window` counts in the list of windows, `offset` in its buffer. */
export type ReleasePages = (window: number, offset: number, length: number) => void

interface Window {
  base: number
  end: number
  index: number
  bytes: Uint8Array
  view: DataView
  halves: Uint16Array
}

const pageSize = 4096

/**
 * Guest RAM made of buffers, in ascending order of address and not overlapping; neighbours that touch form
 * one region. Windows start and end at even addresses. Throws a plain Error where that does not hold.
 */
export function createWindowedMemory(
  windows: readonly MemoryWindow[],
  releasePages: ReleasePages,
): GuestMemory {
  return new WindowedMemory(windows, releasePages)
}

class WindowedMemory implements GuestMemory {
  readonly size: number
  readonly regions: readonly MemoryRegion[]
  readonly #windows: Window[]
  readonly #releasePages: ReleasePages

  constructor(windows: readonly MemoryWindow[], releasePages: ReleasePages) {
    this.#windows = windows.map(({ base, buffer }, index) => ({
      base,
      end: base + buffer.byteLength,
      index,
      bytes: new Uint8Array(buffer),
      view: new DataView(buffer),
      halves: new Uint16Array(buffer),
    }))
    this.#releasePages = releasePages
    this.regions = joined(this.#windows)
    this.size = this.regions.reduce((sum, region) => sum + region.size, 0)
  }

  contains(gpa: number, length: number): boolean {
    if (!isAmount(gpa) || !isAmount(length)) return false
    return this.regions.some(({ base, size }) => gpa >= base && gpa + length <= base + size)
  }

  slice(gpa: number, length: number): Uint8Array | null {
    if (!isAmount(gpa) || !isAmount(length)) return null
    const window = this.#find(gpa, length)
    return window ? window.bytes.subarray(gpa - window.base, gpa - window.base + length) : null
  }

  pieces(gpa: number, length: number): Uint8Array[] | null {
    if (!this.contains(gpa, length)) return null
    const pieces: Uint8Array[] = []
    for (const { base, end, bytes } of this.#windows) {
      const from = Math.max(gpa, base)
      const to = Math.min(gpa + length, end)
      if (from < to) pieces.push(bytes.subarray(from - base, to - base))
    }
    return pieces
  }

  readU8(gpa: number): number | null {
    const window = this.#find(gpa, 1)
    return window ? window.view.getUint8(gpa - window.base) : null
  }

  readU16(gpa: number): number | null {
    const window = this.#find(gpa, 2)
    if (window) return window.view.getUint16(gpa - window.base, true)
    return this.#gather(gpa, 2)?.getUint16(0, true) ?? null
  }

  readU32(gpa: number): number | null {
    const window = this.#find(gpa, 4)
    if (window) return window.view.getUint32(gpa - window.base, true)
    return this.#gather(gpa, 4)?.getUint32(0, true) ?? null
  }

  writeU8(gpa: number, value: number): boolean {
    const window = this.#find(gpa, 1)
    if (!window) return false
    window.view.setUint8(gpa - window.base, value)
    return true
  }

  writeU16(gpa: number, value: number): boolean {
    const window = this.#find(gpa, 2)
    if (!window) return this.#scatter(gpa, value, 2)
    window.view.setUint16(gpa - window.base, value, true)
    return true
  }

  writeU32(gpa: number, value: number): boolean {
    const window = this.#find(gpa, 4)
    if (!window) return this.#scatter(gpa, value, 4)
    window.view.setUint32(gpa - window.base, value, true)
    return true
  }

  loadU16(gpa: number): number | null {
    const window = gpa % 2 === 0 ? this.#find(gpa, 2) : null
    return window ? Atomics.load(window.halves, (gpa - window.base) / 2) : null
  }

  storeU16(gpa: number, value: number): boolean {
    const window = gpa % 2 === 0 ? this.#find(gpa, 2) : null
    if (!window) return false
    Atomics.store(window.halves, (gpa - window.base) / 2, value)
    return true
  }

  release(gpa: number, length: number): boolean {
    if (!this.contains(gpa, length)) return false
    for (const { base, end, index } of this.#windows) {
      const from = Math.ceil(Math.max(gpa, base) / pageSize) * pageSize
      const to = Math.floor(Math.min(gpa + length, end) / pageSize) * pageSize
      if (from < to) this.#releasePages(index, from - base, to - from)
    }
    return true
  }

  /** The window that holds the whole range. NaN and fractions fail a comparison or the test below. */
  #find(gpa: number, length: number): Window | null {
    for (const window of this.#windows) {
      if (gpa >= window.base && gpa + length <= window.end) return Number.isInteger(gpa) ? window : null
    }
    return null
  }

  /** A value that lies across two windows. */
  #gather(gpa: number, length: number): DataView | null {
    const pieces = this.pieces(gpa, length)
    return pieces && new DataView(Uint8Array.from(pieces.flatMap((piece) => [...piece])).buffer)
  }

  #scatter(gpa: number, value: number, length: number): boolean {
    if (!this.contains(gpa, length)) return false
    for (let i = 0; i < length; i++) this.writeU8(gpa + i, (value >>> (8 * i)) & 0xff)
    return true
  }
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function joined(windows: readonly Window[]): MemoryRegion[] {
  const regions: { base: number; size: number }[] = []
  let end = -1
  for (const window of windows) {
    if (window.base % 2 !== 0 || window.end % 2 !== 0 || window.base < end) {
      throw new Error(`memory window at 0x${window.base.toString(16)} is out of order or at an odd address`)
    }
    const last = regions.at(-1)
    if (last && window.base === end) last.size += window.end - window.base
    else regions.push({ base: window.base, size: window.end - window.base })
    end = window.end
  }
  return regions
}
