import type { Doorbell, QueueNotifier, Release } from '../bus/device.ts'
import { closeDescriptor } from '../ffi/descriptors.ts'
import { createEventDescriptor } from '../ffi/events.ts'
import { ioeventfdFlag, structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl } from '../ffi/kvm-ioctl.ts'
import { watchEvent } from './event-watch.ts'

/** Doorbells through ioeventfd: the kernel turns the guest's write into an event and lets the vCPU go on. */
export interface Doorbells extends QueueNotifier {
  close(): void
}

/** Doorbells of the VM behind `vm`, a descriptor; kicks run on this thread's event loop. */
export function createDoorbells(vm: number): Doorbells {
  const attached = new Set<Release>()
  return {
    attach(doorbell, kick) {
      const fd = createEventDescriptor()
      try {
        setIoeventfd(vm, { fd, doorbell, flags: 0 })
      } catch (error) {
        closeDescriptor(fd)
        throw error
      }
      const unwatch = watchEvent(fd, kick)
      const release = () => {
        if (!attached.delete(release)) return
        setIoeventfd(vm, { fd, doorbell, flags: ioeventfdFlag.DEASSIGN })
        unwatch()
        closeDescriptor(fd)
      }
      attached.add(release)
      return release
    },
    close() {
      for (const release of [...attached]) release()
    },
  }
}

/** struct kvm_ioeventfd: datamatch, addr, len, fd, flags (KVM api.rst, 4.59). Length 0 matches any width. */
function setIoeventfd(
  vm: number,
  { fd, doorbell, flags }: { fd: number; doorbell: Doorbell; flags: number },
): void {
  const data = new Uint8Array(structSize.ioeventfd)
  const view = new DataView(data.buffer)
  view.setBigUint64(8, BigInt(doorbell.address), true)
  view.setInt32(20, fd, true)
  view.setUint32(24, flags | (doorbell.space === 'port' ? ioeventfdFlag.PIO : 0), true)
  kvmIoctl(vm, 'IOEVENTFD', data)
}
