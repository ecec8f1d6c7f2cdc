import { structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl } from '../ffi/kvm-ioctl.ts'

/** One leaf of CPUID as KVM takes it: struct kvm_cpuid_entry2 (KVM api.rst, 4.20). */
export interface CpuidEntry {
  function: number
  index: number
  /** KVM_CPUID_FLAG_SIGNIFCANT_INDEX = 1: the leaf has subleaves. */
  flags: number
  eax: number
  ebx: number
  ecx: number
  edx: number
}

export interface CpuidOptions {
  /** The vCPU's number, also its APIC id. */
  id: number
  cpus: number
  /** Whether the guest may use the processor's virtualisation. */
  nested: boolean
  tscDeadlineTimer: boolean
}

const order = ['function', 'index', 'flags', 'eax', 'ebx', 'ecx', 'edx'] as const
const maxEntries = 256
const bit = (n: number) => 2 ** n

/** What this host's KVM can offer a guest. @throws SystemCallError */
export function supportedCpuid(kvm: number): CpuidEntry[] {
  const data = new Uint8Array(structSize.cpuidHeader + maxEntries * structSize.cpuidEntry)
  new DataView(data.buffer).setUint32(0, maxEntries, true)
  kvmIoctl(kvm, 'GET_SUPPORTED_CPUID', data)
  return decodeCpuid(data)
}

export function setCpuid(vcpu: number, entries: readonly CpuidEntry[]): void {
  kvmIoctl(vcpu, 'SET_CPUID2', encodeCpuid(entries))
}

/**
 * The leaves of one vCPU: what the host offers, with this vCPU's APIC id, a topology of one package whose
 * cores have one thread each, and virtualisation taken out unless wanted. Pure. Leaves: Intel SDM 2A,
 * CPUID; AMD APM 3, appendix E.
 */
export function guestCpuid(supported: readonly CpuidEntry[], options: CpuidOptions): CpuidEntry[] {
  const entries = supported
    // Written again below; leaf 0x1f says the same as 0xb for processors with dies.
    .filter((entry) => entry.function !== 0xb && entry.function !== 0x1f)
    .map((entry) => patched(entry, options))
  const highest = supported.find((entry) => entry.function === 0)?.eax ?? 0
  return highest >= 0xb ? [...entries, ...topologyLeaf(options)] : entries
}

function patched(entry: CpuidEntry, { id, cpus, nested, tscDeadlineTimer }: CpuidOptions): CpuidEntry {
  switch (entry.function) {
    case 0x1: {
      // ebx: initial APIC id in 24-31, logical processors in 16-23, cache line flush size in 8-15.
      const ebx = id * bit(24) + Math.min(cpus, 255) * bit(16) + (entry.ebx & 0xffff)
      let ecx = set(entry.ecx, 31, true) // a hypervisor is present
      ecx = set(ecx, 24, tscDeadlineTimer)
      if (!nested) ecx = set(ecx, 5, false) // VMX
      return { ...entry, ebx, ecx, edx: set(entry.edx, 28, cpus > 1) }
    }
    case 0x4: {
      // eax: cores in the package less 1 in 26-31, threads that share the cache less 1 in 14-25, level in 5-7.
      const level = (entry.eax >>> 5) & 7
      const sharing = level >= 3 ? cpus - 1 : 0
      const low = entry.eax & 0x3fff
      return { ...entry, eax: Math.min(cpus - 1, 63) * bit(26) + Math.min(sharing, 0xfff) * bit(14) + low }
    }
    case 0xa:
      // No performance counters: KVM's need the host's.
      return { ...entry, eax: 0, ebx: 0, ecx: 0, edx: 0 }
    case 0x80000001:
      return nested ? entry : { ...entry, ecx: set(entry.ecx, 2, false) } // SVM
    case 0x80000008:
      // ecx: APIC id bits in 12-15, cores less 1 in 0-7 (AMD).
      return { ...entry, ecx: idBits(cpus) * bit(12) + Math.min(cpus - 1, 255) }
    case 0x8000001e:
      // AMD: extended APIC id; core id, one thread a core; node 0.
      return { ...entry, eax: id, ebx: id & 0xff, ecx: 0 }
    default:
      return entry
  }
}

/** Leaf 0xb: level 0 is threads (one), level 1 cores, then the end. */
function topologyLeaf({ id, cpus }: CpuidOptions): CpuidEntry[] {
  const levels = [
    { eax: 0, ebx: 1, type: 1 },
    { eax: idBits(cpus), ebx: cpus, type: 2 },
    { eax: 0, ebx: 0, type: 0 },
  ]
  return levels.map(({ eax, ebx, type }, index) => ({
    ...{ function: 0xb, index, flags: 1 },
    ...{ eax, ebx, ecx: type * bit(8) + index, edx: id },
  }))
}

/** Bits that number `cpus` processors. */
function idBits(cpus: number): number {
  return Math.ceil(Math.log2(cpus))
}

function set(register: number, position: number, on: boolean): number {
  const mask = 1 << position
  return (on ? register | mask : register & ~mask) >>> 0
}

export function encodeCpuid(entries: readonly CpuidEntry[]): Uint8Array {
  const data = new Uint8Array(structSize.cpuidHeader + entries.length * structSize.cpuidEntry)
  const view = new DataView(data.buffer)
  view.setUint32(0, entries.length, true)
  entries.forEach((entry, i) => {
    order.forEach((name, j) => {
      view.setUint32(structSize.cpuidHeader + i * structSize.cpuidEntry + j * 4, entry[name], true)
    })
  })
  return data
}

export function decodeCpuid(data: Uint8Array): CpuidEntry[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const count = Math.min(view.getUint32(0, true), maxEntries)
  return Array.from({ length: count }, (_, i) => {
    const at = structSize.cpuidHeader + i * structSize.cpuidEntry
    const field = (j: number) => view.getUint32(at + j * 4, true)
    const [eax, ebx, ecx, edx] = [field(3), field(4), field(5), field(6)]
    return { function: field(0), index: field(1), flags: field(2), eax, ebx, ecx, edx }
  })
}
