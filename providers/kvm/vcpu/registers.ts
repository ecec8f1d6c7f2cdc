import { structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl } from '../ffi/kvm-ioctl.ts'

/** Where struct kvm_regs has each register: 64 bits each, in this order (<asm/kvm.h>). */
const generalOrder = [
  ...['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rsp', 'rbp'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip', 'rflags'],
] as const

export type GeneralRegister = 'rax' | 'rbx' | 'rcx' | 'rdx' | 'rsi' | 'rdi' | 'rsp' | 'rbp' | 'rip' | 'rflags'

/** Sets the registers named; the others become 0, and rflags 2, whose one bit is always set. */
export function setGeneralRegisters(vcpu: number, values: Partial<Record<GeneralRegister, number>>): void {
  const data = new Uint8Array(structSize.regs)
  const view = new DataView(data.buffer)
  const all: Record<string, number> = { rflags: 2, ...values }
  generalOrder.forEach((name, index) => {
    view.setBigUint64(index * 8, BigInt(all[name] ?? 0), true)
  })
  kvmIoctl(vcpu, 'SET_REGS', data)
}

/** struct kvm_segment without its base's and limit's encoding: fields of a descriptor (Intel SDM 3A, §3.4.5). */
export interface Segment {
  base: number
  limit: number
  selector: number
  type: number
  /** Code or data (1), or system (0). */
  s: number
  present: number
  /** Default size 32 bits; 0 with `long`. */
  db: number
  long: number
  granularity: number
}

export interface SystemRegisters {
  cs: Segment
  /** For ds, es, fs, gs and ss. */
  data: Segment
  tr: Segment
  gdt: { base: number; limit: number }
  cr0: number
  cr3: number
  cr4: number
  efer: number
}

// Offsets in struct kvm_sregs: 8 segments of 24 bytes, two tables of 16, then control registers.
const segmentAt = { cs: 0, ds: 24, es: 48, fs: 72, gs: 96, ss: 120, tr: 144, ldt: 168 } as const
const tableAt = { gdt: 192, idt: 208 } as const
const controlAt = { cr0: 224, cr2: 232, cr3: 240, cr4: 248, cr8: 256, efer: 264 } as const

/** Changes the system registers; the APIC base and whatever is not named stay as KVM has them. */
export function setSystemRegisters(vcpu: number, registers: SystemRegisters): void {
  const data = new Uint8Array(structSize.sregs)
  kvmIoctl(vcpu, 'GET_SREGS', data)
  const view = new DataView(data.buffer)
  putSegment(view, segmentAt.cs, registers.cs)
  for (const name of ['ds', 'es', 'fs', 'gs', 'ss'] as const)
    putSegment(view, segmentAt[name], registers.data)
  putSegment(view, segmentAt.tr, registers.tr)
  putTable(view, tableAt.gdt, registers.gdt)
  putTable(view, tableAt.idt, { base: 0, limit: 0 })
  for (const name of ['cr0', 'cr3', 'cr4', 'efer'] as const) {
    view.setBigUint64(controlAt[name], BigInt(registers[name]), true)
  }
  kvmIoctl(vcpu, 'SET_SREGS', data)
}

function putSegment(view: DataView, at: number, segment: Segment): void {
  view.setBigUint64(at, BigInt(segment.base), true)
  view.setUint32(at + 8, segment.limit, true)
  view.setUint16(at + 12, segment.selector, true)
  const { type, present, db, s, long, granularity } = segment
  // type, present, dpl, db, s, l, g, avl, unusable
  const bytes = [type, present, 0, db, s, long, granularity, 0, present === 0 ? 1 : 0]
  bytes.forEach((value, index) => {
    view.setUint8(at + 14 + index, value)
  })
}

function putTable(view: DataView, at: number, table: { base: number; limit: number }): void {
  view.setBigUint64(at, BigInt(table.base), true)
  view.setUint16(at + 8, table.limit, true)
}
