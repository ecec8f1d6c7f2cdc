import { irqchip, structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl } from '../ffi/kvm-ioctl.ts'
import type { StateReader, StateWriter } from '../snapshot/fields.ts'

const chips = [irqchip.PIC_MASTER, irqchip.PIC_SLAVE, irqchip.IOAPIC] as const

/** What KVM has of a VM besides its vCPUs: interrupt controllers, timer, clock (KVM api.rst, 4.26, 4.71, 4.29). */
export function saveVm(vm: number, to: StateWriter): void {
  for (const chip of chips) {
    const data = irqchipOf(chip)
    kvmIoctl(vm, 'GET_IRQCHIP', data)
    to.bytes(data)
  }
  const pit = new Uint8Array(structSize.pit)
  kvmIoctl(vm, 'GET_PIT2', pit)
  to.bytes(pit)
  const clock = new Uint8Array(structSize.clock)
  kvmIoctl(vm, 'GET_CLOCK', clock)
  to.bytes(clock.subarray(0, clockBytes))
}

/** Comes after the vCPUs, whose local APICs get what waits in the I/O APIC. @throws SystemCallError */
export function loadVm(vm: number, from: StateReader): void {
  for (const chip of chips) {
    const data = Uint8Array.from(from.exactly(structSize.irqchip))
    data.set(irqchipOf(chip).subarray(0, 4))
    kvmIoctl(vm, 'SET_IRQCHIP', data)
  }
  kvmIoctl(vm, 'SET_PIT2', Uint8Array.from(from.exactly(structSize.pit)))
  // Nothing but the nanoseconds: to the guest no time has passed, and it is told the time when it goes on.
  const clock = new Uint8Array(structSize.clock)
  clock.set(from.exactly(clockBytes))
  kvmIoctl(vm, 'SET_CLOCK', clock)
}

const clockBytes = 8

/** struct kvm_irqchip: the chip's number, padding, its registers. */
function irqchipOf(chip: number): Uint8Array {
  const data = new Uint8Array(structSize.irqchip)
  new DataView(data.buffer).setUint32(0, chip, true)
  return data
}
