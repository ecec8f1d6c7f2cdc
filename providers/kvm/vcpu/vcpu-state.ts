import { capability, type KVM, structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl, kvmIoctlValue } from '../ffi/kvm-ioctl.ts'
import { StateReader, StateWriter } from '../snapshot/fields.ts'
import { unusable } from '../snapshot/unusable.ts'
import { type ModelRegister, readModelRegisters, writeModelRegisters } from './model-registers.ts'

type Request = keyof typeof KVM

/** All of a vCPU but its CPUID, in the order in which it is set; KVM's own structs. */
const structs = [
  { get: 'GET_MP_STATE', set: 'SET_MP_STATE', size: () => structSize.mpState },
  { get: 'GET_REGS', set: 'SET_REGS', size: () => structSize.regs },
  { get: 'GET_SREGS2', set: 'SET_SREGS2', size: () => structSize.sregs2 },
  { get: 'GET_XSAVE2', set: 'SET_XSAVE', size: xsaveSize },
  { get: 'GET_XCRS', set: 'SET_XCRS', size: () => structSize.xcrs },
  { get: 'GET_DEBUGREGS', set: 'SET_DEBUGREGS', size: () => structSize.debugRegs },
  // Whether its registers are those of an x2APIC is in SREGS2.
  { get: 'GET_LAPIC', set: 'SET_LAPIC', size: () => structSize.lapic },
] as const satisfies { get: Request; set: Request; size: (kvm: number) => number }[]

const mostXsave = 65536
const mostRegisters = 4096

/** A vCPU that stands still, as its thread is to make another of: what `saveVcpu` has written. */
export interface VcpuState {
  saved: Uint8Array
}

/**
 * Reads a vCPU that stands still and has nothing of an exit left to do. The multiprocessor state comes first, for reading it
 * takes up what other processors have asked of this one; the events last, for the calls before change them.
 *
 * @throws PosadaError E_MEMORY_UNUSABLE where KVM is too old, SystemCallError
 */
export function saveVcpu(kvm: number, vcpu: number): Uint8Array {
  const to = new StateWriter()
  to.number(kvmIoctlValue(vcpu, 'GET_TSC_KHZ', 0))
  for (const { get, size } of structs) to.bytes(read(vcpu, get, size(kvm)))
  const registers = readModelRegisters(kvm, vcpu)
  to.number(registers.length)
  for (const { index, value } of registers) {
    to.number(index)
    to.bytes(value)
  }
  to.bytes(read(vcpu, 'GET_VCPU_EVENTS', structSize.events))
  return to.content
}

/** Makes a new vCPU, whose CPUID is set, one that was saved. @throws PosadaError E_MEMORY_UNUSABLE, SystemCallError */
export function loadVcpu(kvm: number, vcpu: number, { saved }: VcpuState): void {
  const from = new StateReader(saved)
  setFrequency(vcpu, from.number())
  for (const { set, size } of structs) write(vcpu, set, from.exactly(size(kvm)))
  const registers: ModelRegister[] = Array.from({ length: from.number(mostRegisters) }, () => ({
    index: from.number(),
    value: from.exactly(8),
  }))
  writeModelRegisters(vcpu, registers)
  write(vcpu, 'SET_VCPU_EVENTS', from.exactly(structSize.events))
  from.end()
}

/** Of its time stamp counter, in kHz, which is that of the host unless the processor can scale it. */
function setFrequency(vcpu: number, wanted: number): void {
  if (kvmIoctlValue(vcpu, 'GET_TSC_KHZ', 0) !== wanted) kvmIoctlValue(vcpu, 'SET_TSC_KHZ', wanted)
}

function xsaveSize(kvm: number): number {
  const has = (name: 'XSAVE2' | 'SREGS2') => kvmIoctlValue(kvm, 'CHECK_EXTENSION', capability[name])
  const size = has('XSAVE2')
  if (size === 0 || size > mostXsave || has('SREGS2') === 0)
    throw unusable("this host's KVM cannot tell all of a processor's state: a kernel of 5.17 or later can")
  return size
}

function read(fd: number, request: Request, size: number): Uint8Array {
  const data = new Uint8Array(size)
  kvmIoctl(fd, request, data)
  return data
}

/** A copy is written, for the calls may write to what they are given. */
function write(fd: number, request: Request, data: Uint8Array): void {
  kvmIoctl(fd, request, Uint8Array.from(data))
}
