import { closeDescriptor } from '../ffi/descriptors.ts'
import { capability, KVM_PIT_SPEAKER_DUMMY, structSize } from '../ffi/kvm-abi.ts'
import { kvmIoctl, kvmIoctlValue } from '../ffi/kvm-ioctl.ts'
import { identityMap, pciConfigPorts, tss } from '../memory/layout.ts'
import type { Ram } from '../memory/ram.ts'
import { checkExtension } from './open-kvm.ts'

/** A virtual machine of KVM without virtual processors: they are made by their own threads. */
export interface Vm {
  fd: number
  close(): void
}

/**
 * Makes a VM with interrupt controllers and timer in the kernel and `ram` as its memory. The order matters:
 * addresses for KVM's own pages first, the interrupt controllers before any vCPU (KVM api.rst, 4.24).
 *
 * @throws SystemCallError
 */
export function createVm(kvm: number, ram: Ram): Vm {
  const fd = kvmIoctlValue(kvm, 'CREATE_VM', 0)
  try {
    setIdentityMap(fd)
    kvmIoctlValue(fd, 'SET_TSS_ADDR', tss)
    kvmIoctlValue(fd, 'CREATE_IRQCHIP', 0)
    createTimer(fd)
    if (checkExtension(kvm, capability.COALESCED_PIO) !== 0) keepConfigAddresses(fd)
    for (const [slot, mapping] of ram.mappings.entries()) setMemorySlot(fd, slot, mapping)
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  return { fd, close: () => closeDescriptor(fd) }
}

function setIdentityMap(fd: number): void {
  const address = new Uint8Array(8)
  new DataView(address.buffer).setBigUint64(0, BigInt(identityMap), true)
  kvmIoctl(fd, 'SET_IDENTITY_MAP_ADDR', address)
}

/** The PIT; its speaker port is a dummy in the kernel, so that port 0x61 costs no exit to here. */
function createTimer(fd: number): void {
  const config = new Uint8Array(structSize.pitConfig)
  new DataView(config.buffer).setUint32(0, KVM_PIT_SPEAKER_DUMMY, true)
  kvmIoctl(fd, 'CREATE_PIT2', config)
}

/**
 * Writes to the PCI configuration address are kept until they are read (vcpu/kept-writes.ts), as they mean nothing
 * without the access that follows.
 */
function keepConfigAddresses(fd: number): void {
  const zone = new Uint8Array(structSize.coalescedZone)
  const view = new DataView(zone.buffer)
  view.setBigUint64(0, BigInt(pciConfigPorts.base), true)
  view.setUint32(8, 4, true)
  view.setUint32(12, 1, true) // ports
  kvmIoctl(fd, 'REGISTER_COALESCED_MMIO', zone)
}

function setMemorySlot(fd: number, slot: number, { base, size, hostAddress }: Ram['mappings'][number]): void {
  const region = new Uint8Array(structSize.userspaceMemoryRegion)
  const view = new DataView(region.buffer)
  view.setUint32(0, slot, true)
  view.setBigUint64(8, BigInt(base), true)
  view.setBigUint64(16, BigInt(size), true)
  view.setBigUint64(24, BigInt(hostAddress), true)
  kvmIoctl(fd, 'SET_USER_MEMORY_REGION', region)
}
