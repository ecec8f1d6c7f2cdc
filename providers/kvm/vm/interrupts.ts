import type { InterruptLine, MsiMessage, MsiSource, MsiVector } from '../bus/device.ts'
import { KVM, KVM_IRQFD_FLAG_DEASSIGN, structSize } from '../ffi/kvm-abi.ts'
import { closeDescriptor, createEventDescriptor, ioctl, signalEvent } from '../ffi/libc.ts'
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
  // Devices are closed after the machine, and may still complete requests: their descriptors may by then be
  // somebody else's.
  let closed = false

  const descriptor = (): number => {
    const fd = createEventDescriptor()
    descriptors.push(fd)
    return fd
  }
  const applyRoutes = () => ioctl(vm, KVM.SET_GSI_ROUTING, encodeGsiRouting(messages), 'KVM_SET_GSI_ROUTING')

  return {
    line(gsi) {
      const existing = lines.get(gsi)
      if (existing) return existing
      const fd = descriptor()
      setIrqfd(vm, fd, gsi, 0)
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
      let attached = false
      return {
        route(message) {
          if (closed) return
          if (message === null) {
            if (!attached || fd === undefined) return
            setIrqfd(vm, fd, gsi, KVM_IRQFD_FLAG_DEASSIGN)
            attached = false
            messages.delete(gsi)
            applyRoutes()
            return
          }
          messages.set(gsi, message)
          applyRoutes()
          if (attached) return
          fd ??= descriptor()
          setIrqfd(vm, fd, gsi, 0)
          attached = true
        },
        trigger() {
          if (attached && fd !== undefined && !closed) signalEvent(fd)
        },
      }
    },
    close() {
      closed = true
      for (const fd of descriptors.splice(0)) closeDescriptor(fd)
    },
  }
}

/** struct kvm_irqfd: fd, gsi, flags, resamplefd (KVM api.rst, 4.75). */
function setIrqfd(vm: number, fd: number, gsi: number, flags: number): void {
  const data = new Uint8Array(structSize.irqfd)
  const view = new DataView(data.buffer)
  view.setUint32(0, fd, true)
  view.setUint32(4, gsi, true)
  view.setUint32(8, flags, true)
  ioctl(vm, KVM.IRQFD, data, 'KVM_IRQFD')
}
