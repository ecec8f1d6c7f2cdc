import { structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl } from '../ffi/kvm-ioctl.ts'
import {
  type GeneralRegister,
  type SystemRegisters,
  setGeneralRegisters,
  setSystemRegisters,
} from './registers.ts'

/** Where the boot processor begins. The others wait in the kernel for the guest to start them. */
export interface EntryState {
  general: Partial<Record<GeneralRegister, number>>
  system: SystemRegisters
}

/** Puts a new vCPU, whose CPUID is set, into the state that a kernel expects. @throws SystemCallError */
export function setInitialState(vcpu: number, entry: EntryState | null): void {
  setMsrs(vcpu)
  setFpu(vcpu)
  setLocalInterrupts(vcpu)
  if (entry === null) return
  setSystemRegisters(vcpu, entry.system)
  setGeneralRegisters(vcpu, entry.general)
}

/** Model-specific registers and their values at boot (Intel SDM 4, table 2-2). */
const bootMsrs: readonly (readonly [number, number])[] = [
  [0x174, 0], // IA32_SYSENTER_CS
  [0x175, 0], // IA32_SYSENTER_ESP
  [0x176, 0], // IA32_SYSENTER_EIP
  [0xc0000081, 0], // IA32_STAR
  [0xc0000082, 0], // IA32_LSTAR
  [0xc0000083, 0], // IA32_CSTAR
  [0xc0000084, 0], // IA32_FMASK
  [0xc0000102, 0], // IA32_KERNEL_GS_BASE
  [0x10, 0], // IA32_TIME_STAMP_COUNTER
  [0x1a0, 1], // IA32_MISC_ENABLE: fast strings
  [0x2ff, (1 << 11) | 6], // IA32_MTRR_DEF_TYPE: MTRRs on, write-back by default
]

function setMsrs(vcpu: number): void {
  const { msrsHeader, msrEntry } = structSize
  const data = new Uint8Array(msrsHeader + bootMsrs.length * msrEntry)
  const view = new DataView(data.buffer)
  view.setUint32(0, bootMsrs.length, true)
  bootMsrs.forEach(([index, value], i) => {
    view.setUint32(msrsHeader + i * msrEntry, index, true)
    view.setBigUint64(msrsHeader + i * msrEntry + 8, BigInt(value), true)
  })
  const done = kvmIoctl(vcpu, 'SET_MSRS', data)
  // KVM stops at the first register it does not have (KVM api.rst, 4.19).
  if (done !== bootMsrs.length) {
    throw new Error(`KVM refused to set model-specific register 0x${bootMsrs[done]?.[0].toString(16)}`)
  }
}

/** Control words as after FNINIT (Intel SDM 1, §8.1.5) and reset (§10.2.3). */
function setFpu(vcpu: number): void {
  const data = new Uint8Array(structSize.fpu)
  const view = new DataView(data.buffer)
  view.setUint16(128, 0x37f, true) // fcw
  view.setUint32(408, 0x1f80, true) // mxcsr
  kvmIoctl(vcpu, 'SET_FPU', data)
}

/** Pins of the local APIC as firmware leaves them: LINT0 external interrupts, LINT1 NMI (Intel SDM 3A, §11.5.1). */
function setLocalInterrupts(vcpu: number): void {
  const data = new Uint8Array(structSize.lapic)
  kvmIoctl(vcpu, 'GET_LAPIC', data)
  const view = new DataView(data.buffer)
  for (const [register, delivery] of [
    [0x350, 7],
    [0x360, 4],
  ] as const) {
    view.setUint32(register, (view.getUint32(register, true) & ~0x700) | (delivery << 8), true)
  }
  kvmIoctl(vcpu, 'SET_LAPIC', data)
}
