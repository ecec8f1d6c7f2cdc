import { closeDescriptor, createMemoryFile, mapShared, punchHole, viewMemory } from '../ffi/libc.ts'
import type { GuestMemory } from './guest-memory.ts'
import { type RamRegion, ramRegions } from './layout.ts'
import { createWindowedMemory, type MemoryWindow } from './windowed-memory.ts'

/**
 * Bytes of one window. An ArrayBuffer of Node 20 ends below 4 GiB; 2 GiB keeps offsets in 31 bits, which V8
 * handles as small integers.
 */
const windowSize = 2 * 1024 ** 3

/** RAM of a machine: a memory file, mapped into this process. */
export interface Ram {
  memory: GuestMemory
  /** For KVM's memory slots: where each region is mapped in this process. */
  mappings: readonly (RamRegion & { hostAddress: number })[]
  /** Makes all of it zero and gives it back to the host. No virtual processor may run. */
  clear(): void
  /** Closes the file. The mapping stays, for buffers still lead to it; it ends with the process. */
  close(): void
}

/** Makes `size` bytes of RAM, all zero; they take room on the host only once they are touched. */
export function createRam(size: number): Ram {
  const fd = createMemoryFile('posada-ram', size)
  const start = mapShared(fd, size)
  const mappings = ramRegions(size).map((region) => ({ ...region, hostAddress: start + region.fileOffset }))
  const windows: (MemoryWindow & { fileOffset: number })[] = []
  for (const { base, size: length, fileOffset, hostAddress } of mappings) {
    for (let at = 0; at < length; at += windowSize) {
      const buffer = viewMemory(hostAddress + at, Math.min(windowSize, length - at))
      windows.push({ base: base + at, fileOffset: fileOffset + at, buffer })
    }
  }
  const memory = createWindowedMemory(windows, (window, offset, length) => {
    punchHole(fd, (windows[window]?.fileOffset ?? 0) + offset, length)
  })
  return {
    memory,
    mappings,
    clear: () => punchHole(fd, 0, size),
    close: () => closeDescriptor(fd),
  }
}
