import type { GuestMemory } from '../memory/guest-memory.ts'
import { bootStack, gdtAddress, pageTables } from '../memory/layout.ts'
import type { EntryState } from '../vcpu/initial-state.ts'
import type { GeneralRegister, Segment } from '../vcpu/registers.ts'

/**
 * 64-bit mode as the boot protocol of Linux wants it (Documentation/arch/x86/boot.rst, "64-bit Boot
 * Protocol"): paging with the first GiB mapped to itself, flat segments __BOOT_CS 0x10 and __BOOT_DS 0x18,
 * interrupts off. Writes GDT and page tables into guest memory.
 */
export function enterLongMode(
  memory: GuestMemory,
  general: Partial<Record<GeneralRegister, number>>,
): EntryState {
  writePageTables(memory)
  writeGdt(memory)
  return {
    general: { rsp: bootStack, rbp: bootStack, ...general },
    system: {
      cs: { ...flat, selector: 0x10, type: 0xb, long: 1, db: 0 },
      data: { ...flat, selector: 0x18, type: 0x3, long: 0, db: 1 },
      tr: taskSegment,
      gdt: { base: gdtAddress, limit: gdt.length * 8 - 1 },
      cr0: 0x80000011, // PG, ET, PE
      cr3: pageTables,
      cr4: 0x20, // PAE
      efer: 0x500, // LMA, LME
    },
  }
}

const flat = { base: 0, limit: 0xffffffff, s: 1, present: 1, granularity: 1 } as const

/** A busy TSS, without which a processor refuses to run. */
const taskSegment: Segment = {
  ...{ base: 0, limit: 0x67, selector: 0x20, type: 0xb, s: 0, present: 1, db: 0, long: 0, granularity: 0 },
}

/** Descriptors as two halves, low and high (Intel SDM 3A, §3.4.5): none, none, code, data, TSS in two. */
const gdt = [
  [0, 0],
  [0, 0],
  [0x0000ffff, 0x00af9b00],
  [0x0000ffff, 0x00cf9300],
  [0x00000067, 0x00008b00],
  [0, 0],
] as const

function writeGdt(memory: GuestMemory): void {
  gdt.forEach(([low, high], index) => {
    memory.writeU32(gdtAddress + index * 8, low)
    memory.writeU32(gdtAddress + index * 8 + 4, high)
  })
}

/** Present, writable; and a page of 2 MiB (Intel SDM 3A, §4.5). */
const PRESENT_WRITABLE = 3
const LARGE = 0x80

/** One PML4 and PDPT entry, and a page directory of 512 pages of 2 MiB: the first GiB. */
function writePageTables(memory: GuestMemory): void {
  const [pml4, pdpt, directory] = [pageTables, pageTables + 0x1000, pageTables + 0x2000]
  writeEntry(memory, pml4, pdpt + PRESENT_WRITABLE)
  writeEntry(memory, pdpt, directory + PRESENT_WRITABLE)
  for (let i = 0; i < 512; i++) writeEntry(memory, directory + i * 8, i * 0x200000 + PRESENT_WRITABLE + LARGE)
}

function writeEntry(memory: GuestMemory, at: number, value: number): void {
  memory.writeU32(at, value)
  memory.writeU32(at + 4, 0)
}
