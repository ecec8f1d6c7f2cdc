import type { InterruptLine, MsiMessage, MsiSource, MsiVector } from '../bus/device.ts'
import { closeDescriptor } from '../ffi/descriptors.ts'
import { createEventDescriptor, signalEvent } from '../ffi/events.ts'
import { structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl } from '../ffi/kvm-ioctl.ts'
import { ioApicPins } from '../memory/layout.ts'
import { encodeGsiRouting } from './gsi-routing.ts'

/** How devices interrupt the guest: an irqfd a line or vector, so that no call waits for a vCPU. */
export interface Interrupts extends MsiSource {
  /** The line of an I/O APIC pin. Also usable from other threads through its descriptor. */
  line(gsi: number): InterruptLine & { fd: number }
  /** From now on nothing is delivered. */
  close(): void
}

/** Interrupts of the VM behind `vm`, a descriptor. @throws SystemCallError */
export function createInterrupts(vm: number): Interrupts {
  const descriptors: number[] = []
  const lines = new Map<number, InterruptLine & { fd: number }>()
  const messages = new Map<number, MsiMessage>()
  let nextGsi = ioApicPins
  // Devices are closed after the machine, and may still complete requests: their descriptors may by then
  // belong to something else.
  let closed = false

  const descriptor = (): number => {
    const fd = createEventDescriptor()
    descriptors.push(fd)
    return fd
  }
  const applyRoutes = () => kvmIoctl(vm, 'SET_GSI_ROUTING', encodeGsiRouting(messages))

  return {
    line(gsi) {
      const existing = lines.get(gsi)
      if (existing) return existing
      const fd = descriptor()
      setIrqfd(vm, fd, gsi)
      const line = {
        fd,
        trigger: () => {
          if (!closed) signalEvent(fd)
        },
      }
      lines.set(gsi, line)
      return line
    },
    vector(): MsiVector {
      const gsi = nextGsi++
      let fd: number | undefined
      let delivers = false
      return {
        // A vector that is masked keeps its route in the kernel: drivers mask and unmask with the same message, and
        // every change of routes makes the kernel wait for all vCPUs.
        route(message) {
          delivers = message !== null && !closed
          if (message === null || closed || isSame(messages.get(gsi), message)) return
          messages.set(gsi, message)
          applyRoutes()
          if (fd !== undefined) return
          fd = descriptor()
          setIrqfd(vm, fd, gsi)
        },
        trigger() {
          if (delivers && fd !== undefined && !closed) signalEvent(fd)
        },
      }
    },
    close() {
      closed = true
      for (const fd of descriptors.splice(0)) closeDescriptor(fd)
    },
  }
}

function isSame(a: MsiMessage | undefined, b: MsiMessage): boolean {
  return a?.addressLow === b.addressLow && a.addressHigh === b.addressHigh && a.data === b.data
}

/** struct kvm_irqfd: fd, gsi, flags, resamplefd; without flags, to the end of the VM (KVM api.rst, 4.75). */
function setIrqfd(vm: number, fd: number, gsi: number): void {
  const data = new Uint8Array(structSize.irqfd)
  const view = new DataView(data.buffer)
  view.setUint32(0, fd, true)
  view.setUint32(4, gsi, true)
  kvmIoctl(vm, 'IRQFD', data)
}
