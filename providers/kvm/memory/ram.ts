import { viewMemory } from '../ffi/memory.ts'
import { type Backing, bestBacking, createBacking } from './backing.ts'
import type { GuestMemory } from './guest-memory.ts'
import { type RamRegion, ramRegions } from './layout.ts'
import { contentsOf } from './ram-contents.ts'
import { createWindowedMemory, type MemoryWindow } from './windowed-memory.ts'

/**
 * Bytes of one window. An ArrayBuffer of Node 20 ends below 4 GiB; 2 GiB keeps offsets in 31 bits, which V8
 * handles as small integers.
 */
const windowSize = 2 * 1024 ** 3

/** RAM of a machine. */
export interface Ram {
  memory: GuestMemory
  /** For KVM's memory slots: where each region is mapped in this process. */
  mappings: readonly (RamRegion & { hostAddress: number })[]
  /** The file that it lies in, in which `mappings` have their offsets; null: it lies in none that others can map. */
  file: number | null
  /** Makes all of it zero and gives it back to the host. No virtual processor may run. */
  clear(): void
  /** What of it is not zero, in order: where each run of bytes lies in all of RAM, and a view of it. */
  contents(): Iterable<{ offset: number; bytes: Uint8Array }>
}

/**
 * Makes `size` bytes of RAM, all zero; they take room on the host only once they are touched. The mapping ends with
 * the process, for buffers lead to it.
 */
export function createRam(size: number, backing: Backing = createBacking(size, bestBacking())): Ram {
  const { start, release, ranges, file } = backing
  const mappings = ramRegions(size).map((region) => ({ ...region, hostAddress: start + region.offset }))
  const windows: (MemoryWindow & { offset: number })[] = []
  for (const { base, size: length, offset, hostAddress } of mappings) {
    for (let at = 0; at < length; at += windowSize) {
      const buffer = viewMemory(hostAddress + at, Math.min(windowSize, length - at))
      windows.push({ base: base + at, offset: offset + at, buffer })
    }
  }
  const memory = createWindowedMemory(windows, (window, offset, length) => {
    release((windows[window]?.offset ?? 0) + offset, length)
  })
  return {
    ...{ memory, mappings, file },
    clear: () => release(0, size),
    contents: () => contentsOf(windows, ranges()),
  }
}
