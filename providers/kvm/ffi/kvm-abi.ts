/**
 * The part of <linux/kvm.h> and <asm/kvm.h> (x86) that is used here; meaning of each call:
 * Linux, Documentation/virt/kvm/api.rst, section given beside it.
 */

// <asm-generic/ioctl.h>: direction in bits 30-31, size of the struct in 16-29, type in 8-15, number in 0-7.
const KVMIO = 0xae
const none = (nr: number) => (KVMIO << 8) | nr
const write = (nr: number, size: number) => 0x40000000 + size * 0x10000 + none(nr)
const read = (nr: number, size: number) => 0x80000000 + size * 0x10000 + none(nr)
const readWrite = (nr: number, size: number) => 0xc0000000 + size * 0x10000 + none(nr)

/** Bytes of the structs that cross. */
export const structSize = {
  userspaceMemoryRegion: 32,
  pitConfig: 64,
  regs: 144,
  sregs: 312,
  fpu: 416,
  lapic: 0x400,
  mpState: 4,
  cpuidHeader: 8,
  cpuidEntry: 40,
  msrsHeader: 8,
  msrEntry: 16,
  irqfd: 32,
  ioeventfd: 64,
  irqRoutingHeader: 8,
  irqRoutingEntry: 48,
  coalescedZone: 16,
  irqchip: 520,
  pit: 112,
  clock: 48,
  sregs2: 320,
  /** More where KVM_CHECK_EXTENSION says so of XSAVE2. */
  xsave: 4096,
  xcrs: 392,
  debugRegs: 128,
  events: 64,
  msrListHeader: 4,
} as const

/** What KVM_GET_API_VERSION has returned since 2007 (4.1). */
export const apiVersion = 12

/** Numbers of the ioctls, by their names without `KVM_`. */
export const KVM = {
  GET_API_VERSION: none(0x00), // 4.1
  CREATE_VM: none(0x01), // 4.2
  GET_MSR_INDEX_LIST: readWrite(0x02, structSize.msrListHeader), // 4.3
  CHECK_EXTENSION: none(0x03), // 4.4
  GET_VCPU_MMAP_SIZE: none(0x04), // 4.5
  GET_SUPPORTED_CPUID: readWrite(0x05, structSize.cpuidHeader), // 4.46

  CREATE_VCPU: none(0x41), // 4.7
  SET_USER_MEMORY_REGION: write(0x46, structSize.userspaceMemoryRegion), // 4.35
  SET_TSS_ADDR: none(0x47), // 4.36
  SET_IDENTITY_MAP_ADDR: write(0x48, 8), // 4.40
  CREATE_IRQCHIP: none(0x60), // 4.24
  GET_IRQCHIP: readWrite(0x62, structSize.irqchip), // 4.26
  SET_IRQCHIP: read(0x63, structSize.irqchip), // 4.27
  REGISTER_COALESCED_MMIO: write(0x67, structSize.coalescedZone), // 4.116
  SET_GSI_ROUTING: write(0x6a, structSize.irqRoutingHeader), // 4.52
  IRQFD: write(0x76, structSize.irqfd), // 4.75
  CREATE_PIT2: write(0x77, structSize.pitConfig), // 4.71
  IOEVENTFD: write(0x79, structSize.ioeventfd), // 4.59
  SET_CLOCK: write(0x7b, structSize.clock), // 4.30
  GET_CLOCK: read(0x7c, structSize.clock), // 4.29
  GET_PIT2: read(0x9f, structSize.pit), // 4.72
  SET_PIT2: write(0xa0, structSize.pit), // 4.73

  RUN: none(0x80), // 4.10
  GET_REGS: read(0x81, structSize.regs), // 4.11
  SET_REGS: write(0x82, structSize.regs), // 4.12
  GET_SREGS: read(0x83, structSize.sregs), // 4.13
  SET_SREGS: write(0x84, structSize.sregs), // 4.14
  GET_MSRS: readWrite(0x88, structSize.msrsHeader), // 4.18
  SET_MSRS: write(0x89, structSize.msrsHeader), // 4.19
  SET_FPU: write(0x8d, structSize.fpu), // 4.23
  GET_LAPIC: read(0x8e, structSize.lapic), // 4.57
  SET_LAPIC: write(0x8f, structSize.lapic), // 4.58
  SET_CPUID2: write(0x90, structSize.cpuidHeader), // 4.20
  GET_MP_STATE: read(0x98, structSize.mpState), // 4.38
  SET_MP_STATE: write(0x99, structSize.mpState), // 4.39
  GET_VCPU_EVENTS: read(0x9f, structSize.events), // 4.31
  SET_VCPU_EVENTS: write(0xa0, structSize.events), // 4.32
  GET_DEBUGREGS: read(0xa1, structSize.debugRegs), // 4.33
  SET_DEBUGREGS: write(0xa2, structSize.debugRegs), // 4.34
  SET_TSC_KHZ: none(0xa2), // 4.55
  GET_TSC_KHZ: none(0xa3), // 4.56
  SET_XSAVE: write(0xa5, structSize.xsave), // 4.43
  GET_XCRS: read(0xa6, structSize.xcrs), // 4.44
  SET_XCRS: write(0xa7, structSize.xcrs), // 4.45
  KVMCLOCK_CTRL: none(0xad), // 4.70
  GET_SREGS2: read(0xcc, structSize.sregs2), // 4.131
  SET_SREGS2: write(0xcd, structSize.sregs2), // 4.132
  GET_XSAVE2: read(0xcf, structSize.xsave), // 4.134
} as const

/** KVM_CAP_*: what KVM_CHECK_EXTENSION is asked for (sections 4, 7 and 8). */
export const capability = {
  IRQCHIP: 0,
  USER_MEMORY: 3,
  NR_VCPUS: 9,
  IRQFD: 32,
  PIT2: 33,
  IOEVENTFD: 36,
  MAX_VCPUS: 66,
  TSC_DEADLINE_TIMER: 72,
  IMMEDIATE_EXIT: 136,
  COALESCED_PIO: 162,
  SREGS2: 200,
  XSAVE2: 208,
} as const

/** KVM_EXIT_*: why KVM_RUN came back (section 5). */
export const exitReason = {
  UNKNOWN: 0,
  IO: 2,
  HLT: 5,
  MMIO: 6,
  SHUTDOWN: 8,
  FAIL_ENTRY: 9,
  INTR: 10,
  INTERNAL_ERROR: 17,
  SYSTEM_EVENT: 24,
} as const

export const KVM_EXIT_IO_OUT = 1

export const KVM_PIT_SPEAKER_DUMMY = 1
export const ioeventfdFlag = { DATAMATCH: 1, PIO: 2, DEASSIGN: 4 } as const
export const irqRouting = { IRQCHIP: 1, MSI: 2 } as const
export const irqchip = { PIC_MASTER: 0, PIC_SLAVE: 1, IOAPIC: 2 } as const

/**
 * struct kvm_coalesced_mmio_ring: two counters, then as many entries as fit a page, the third of a vCPU's mapping
 * (KVM_COALESCED_MMIO_PAGE_OFFSET). Offsets within an entry.
 */
export const coalescedRing = {
  page: 2 * 4096,
  header: 8,
  entry: 24,
  entries: Math.floor((4096 - 8) / 24),
  address: 0,
  length: 8,
  data: 16,
} as const

/** Offsets in struct kvm_run (section 5). */
export const runPage = {
  immediateExit: 1,
  exitReason: 8,
  /** The union: what follows depends on the exit's reason. */
  exit: 32,
} as const
