import type { Bus, BusDevice, MsiMessage, MsiSource, Release } from '../../providers/kvm/bus/device.ts'
import type { GuestMemory } from '../../providers/kvm/memory/guest-memory.ts'
import { pciConfigPorts } from '../../providers/kvm/memory/layout.ts'
import { createConfigPorts } from '../../providers/kvm/pci/config-ports.ts'
import { createConfigState, openConfigState } from '../../providers/kvm/pci/config-state.ts'
import { PciRoot } from '../../providers/kvm/pci/root.ts'
import type { VirtioDevice } from '../../providers/kvm/virtio/device/virtio-device.ts'
import { VirtioPci } from '../../providers/kvm/virtio/transport/pci/virtio-pci.ts'
import { PlainMemory } from './guest-memory.ts'

/** A bus over a list, for tests. */
export class PlainBus implements Bus {
  readonly claims: { base: number; size: number; device: BusDevice }[] = []

  claim(base: number, size: number, device: BusDevice): Release | null {
    if (this.claims.some((other) => base < other.base + other.size && other.base < base + size)) return null
    const claim = { base, size, device }
    this.claims.push(claim)
    return () => {
      const index = this.claims.indexOf(claim)
      if (index >= 0) this.claims.splice(index, 1)
    }
  }

  read(address: number, width: number): number {
    const data = Buffer.alloc(width, 0xff)
    const claim = this.#at(address)
    claim?.device.read(address - claim.base, data)
    return data.readUIntLE(0, width)
  }

  write(address: number, width: number, value: number): void {
    const data = Buffer.alloc(width)
    data.writeUIntLE(value, 0, width)
    const claim = this.#at(address)
    claim?.device.write(address - claim.base, data)
  }

  #at(address: number) {
    return this.claims.find(({ base, size }) => address >= base && address < base + size)
  }
}

/** Records the messages that would reach the guest's interrupt controller. */
class PlainMsi implements MsiSource {
  readonly delivered: MsiMessage[] = []

  vector() {
    let route: MsiMessage | null = null
    return {
      route: (message: MsiMessage | null) => {
        route = message
      },
      trigger: () => {
        if (route !== null) this.delivered.push(route)
      },
    }
  }
}

/** One device on a PCI bus, without processors: tests play the guest. */
export function plugIn<M extends GuestMemory = PlainMemory>(
  device: VirtioDevice,
  memory: M = new PlainMemory() as GuestMemory as M,
) {
  const ports = new PlainBus()
  const mmio = new PlainBus()
  const msi = new PlainMsi()
  const faults: string[] = []
  const state = createConfigState()
  const far = new PlainBus()
  const root = new PciRoot({ ports: far, state, window: { base: 0xd000_0000, size: 0x1000_0000 } })
  const crossings: string[] = []
  const functions: BusDevice = {
    read: (offset, data) => {
      crossings.push('read')
      root.read(offset, data)
    },
    write: (offset, data) => {
      crossings.push('write')
      root.write(offset, data)
    },
  }
  const near = createConfigPorts({ state: openConfigState(state), functions, kept: null })
  ports.claim(pciConfigPorts.base, pciConfigPorts.size, near)
  const pci = new VirtioPci({
    device,
    memory,
    mmio,
    msi,
    notifier: null,
    onFault: (reason) => faults.push(reason),
  })
  const slot = root.add(pci)
  return { ports, mmio, msi, faults, root, pci, slot, memory, crossings, core: pci.core }
}
