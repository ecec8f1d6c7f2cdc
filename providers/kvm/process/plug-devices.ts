import { keyboardController, pciMemory, powerPort } from '../memory/layout.ts'
import { PciRoot } from '../pci/root.ts'
import { createKeyboardController } from '../platform/keyboard-controller.ts'
import { createPowerPort, type PowerRequest } from '../platform/power-port.ts'
import type { VirtioDevice } from '../virtio/device/virtio-device.ts'
import { VirtioPci } from '../virtio/transport/pci/virtio-pci.ts'
import type { Machine } from '../vm/machine.ts'

export interface DeviceOptions {
  /** In the order in which the guest shall find them. */
  devices: readonly VirtioDevice[]
  onPower: (request: PowerRequest) => void
  /** For the log: a guest's driver broke a rule. */
  onFault: (reason: string) => void
}

/** Puts all devices on the machine's buses, before its vCPUs are made. */
export function plugDevices(machine: Machine, { devices, onPower, onFault }: DeviceOptions): void {
  const { ports, memory: mmio, interrupts: msi, doorbells: notifier, ram } = machine
  ports.claim(powerPort.base, powerPort.size, createPowerPort(onPower))
  ports.claim(keyboardController.command, 1, createKeyboardController(onPower))
  const root = new PciRoot({ ports, state: machine.pciConfig, window: pciMemory })
  for (const device of devices) {
    root.add(new VirtioPci({ device, memory: ram.memory, mmio, msi, notifier, onFault }))
  }
}
