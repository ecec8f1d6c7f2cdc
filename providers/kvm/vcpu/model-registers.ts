import { KVM, structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl } from '../ffi/kvm-ioctl.ts'
import { libc } from '../ffi/libc.ts'
import { unusable } from '../snapshot/unusable.ts'

/** A model-specific register: its number, and the 8 bytes of its value. */
export interface ModelRegister {
  index: number
  value: Uint8Array
}

/** The most that KVM has had so far are some 400. */
const mostListed = 4096
const tsc = 0x10
const tscDeadline = 0x6e0

/** Memory types (Intel SDM 3A, §12.11): eight variable ranges, eleven fixed ones, the default. KVM does not list them. */
const memoryTypes = [
  ...Array.from({ length: 16 }, (_, index) => 0x200 + index),
  ...[0x250, 0x258, 0x259],
  ...Array.from({ length: 8 }, (_, index) => 0x268 + index),
  0x2ff,
]

/** All that can be read, in the order in which they are to be set: the deadline timer counts by the time stamp counter. */
export function readModelRegisters(kvm: number, vcpu: number): ModelRegister[] {
  const others = [...new Set([...listed(kvm), ...memoryTypes])].filter(
    (index) => index !== tsc && index !== tscDeadline,
  )
  return [tsc, ...others, tscDeadline].flatMap((index) => {
    const value = get(vcpu, index)
    return value === null ? [] : [{ index, value }]
  })
}

/** One that cannot be set has to have its value already. @throws PosadaError E_MEMORY_UNUSABLE */
export function writeModelRegisters(vcpu: number, registers: readonly ModelRegister[]): void {
  for (const { index, value } of registers) {
    if (call('SET_MSRS', vcpu, entry(index, value)) === 1) continue
    const here = get(vcpu, index)
    if (here === null || !Buffer.from(here).equals(value))
      throw unusable(`this host's KVM refuses a value of the model-specific register 0x${index.toString(16)}`)
  }
}

/** struct kvm_msr_list: a number, then as many indexes (KVM api.rst, 4.3). */
function listed(kvm: number): number[] {
  const words = new Uint32Array(1 + mostListed)
  words[0] = mostListed
  kvmIoctl(kvm, 'GET_MSR_INDEX_LIST', new Uint8Array(words.buffer))
  return [...words.subarray(1, 1 + (words[0] ?? 0))]
}

function get(vcpu: number, index: number): Uint8Array | null {
  const data = entry(index, new Uint8Array(8))
  return call('GET_MSRS', vcpu, data) === 1 ? data.slice(structSize.msrsHeader + 8) : null
}

/** struct kvm_msrs with one entry: index, reserved, value (4.18). */
function entry(index: number, value: Uint8Array): Uint8Array {
  const data = new Uint8Array(structSize.msrsHeader + structSize.msrEntry)
  const view = new DataView(data.buffer)
  view.setUint32(0, 1, true)
  view.setUint32(structSize.msrsHeader, index, true)
  data.set(value, structSize.msrsHeader + 8)
  return data
}

/** How many registers were read or set; a register that KVM does not have may also be an error. */
function call(request: 'GET_MSRS' | 'SET_MSRS', vcpu: number, data: Uint8Array): number {
  return libc().ioctlData(vcpu, KVM[request], data)
}
