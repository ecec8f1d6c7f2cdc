import { coalescedRing } from '../ffi/kvm-abi.ts'
import type { KeptWrites } from '../pci/config-ports.ts'

/**
 * Reads the ring in which KVM keeps writes to the ports it was told of instead of leaving the guest for each
 * (struct kvm_coalesced_mmio_ring; KVM api.rst, 4.116). One ring a VM, mapped with every vCPU: who takes must be
 * alone at it. KVM leaves the guest as usual when it is full.
 */
export function openKeptWrites(page: Uint8Array): KeptWrites {
  const { header, entry, entries, address, length, data } = coalescedRing
  const [first, last] = [0, 1]
  const cells = new Int32Array(page.buffer, page.byteOffset, header / 4)
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  return {
    take(each) {
      const end = Atomics.load(cells, last)
      for (let next = Atomics.load(cells, first); next !== end; next = (next + 1) % entries) {
        const at = header + next * entry
        // A port, so the upper half is zero.
        const port = view.getUint32(at + address, true)
        each(port, view.getUint32(at + length, true), view.getInt32(at + data, true))
        Atomics.store(cells, first, (next + 1) % entries)
      }
    },
  }
}
