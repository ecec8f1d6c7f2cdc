import type { MemoryRegion } from '../memory/guest-memory.ts'
import { highRamStart, lowRamEnd } from '../memory/layout.ts'

/** Types of a range of memory, by the numbers of e820 (ACPI 6.4, table 15.4), which PVH uses too. */
const memoryType = { ram: 1, reserved: 2 } as const

export interface MemoryRange extends MemoryRegion {
  type: number
}

/** What the guest is told of its memory: RAM but for the part below 1 MiB where the ACPI tables lie. */
export function memoryMap(regions: readonly MemoryRegion[]): MemoryRange[] {
  return regions.flatMap(({ base, size }) => {
    if (base !== 0) return [{ base, size, type: memoryType.ram }]
    return [
      { base: 0, size: lowRamEnd, type: memoryType.ram },
      { base: lowRamEnd, size: highRamStart - lowRamEnd, type: memoryType.reserved },
      { base: highRamStart, size: size - highRamStart, type: memoryType.ram },
    ]
  })
}
