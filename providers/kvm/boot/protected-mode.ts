import type { EntryState } from '../vcpu/initial-state.ts'
import type { GeneralRegister } from '../vcpu/registers.ts'

/**
 * 32-bit protected mode without paging, flat segments, interrupts off: how PVH starts a kernel (Xen,
 * docs/misc/pvh.pandoc, "Initial state").
 */
export function enterProtectedMode(general: Partial<Record<GeneralRegister, number>>): EntryState {
  const flat = { base: 0, limit: 0xffffffff, s: 1, present: 1, granularity: 1, long: 0, db: 1 } as const
  return {
    general,
    system: {
      cs: { ...flat, selector: 0x10, type: 0xb },
      data: { ...flat, selector: 0x18, type: 0x3 },
      tr: {
        base: 0,
        limit: 0x67,
        selector: 0x20,
        type: 0xb,
        s: 0,
        present: 1,
        db: 0,
        long: 0,
        granularity: 0,
      },
      gdt: { base: 0, limit: 0 },
      cr0: 0x11, // ET, PE
      cr3: 0,
      cr4: 0,
      efer: 0,
    },
  }
}
