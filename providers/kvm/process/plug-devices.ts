import type { DeviceMetrics } from '../../../src/provider/index.ts'
import { keyboardController, pciMemory, powerPort } from '../memory/layout.ts'
import { PciRoot } from '../pci/root.ts'
import { createKeyboardController } from '../platform/keyboard-controller.ts'
import { createPowerPort, type PowerRequest } from '../platform/power-port.ts'
import { StateReader, StateWriter } from '../snapshot/fields.ts'
import type { VirtioDevice } from '../virtio/device/virtio-device.ts'
import { VirtioPci } from '../virtio/transport/pci/virtio-pci.ts'
import type { Machine } from '../vm/machine.ts'
import { allDone } from './all-done.ts'

export interface DeviceOptions {
  /** In the order in which the guest shall find them. */
  devices: readonly VirtioDevice[]
  onPower: (request: PowerRequest) => void
  /** For the log: a guest's driver broke a rule. */
  onFault: (reason: string) => void
}

/** Devices on the machine's buses. */
export interface Plugged {
  /** They leave memory and disks alone until `thaw`, and can be saved then. @throws PosadaError E_DISK_FULL */
  freeze(): Promise<void>
  /** They go on; nothing where they are not frozen. */
  thaw(): void
  /** What each is at. */
  save(): Uint8Array[]
  /** By devices that no guest has touched; they are frozen then. @throws PosadaError E_MEMORY_UNUSABLE */
  load(saved: readonly Uint8Array[]): void
  /** Whatever vCPUs that still run do: from now on it reaches no device, and no device memory. For good. */
  unplug(): void
  /** What each device has counted so far. */
  metrics(): DeviceMetrics[]
}

/** Puts all devices on the machine's buses, before its vCPUs are made. */
export function plugDevices(machine: Machine, { devices, onPower, onFault }: DeviceOptions): Plugged {
  const { ports, memory: mmio, interrupts: msi, doorbells: notifier, ram } = machine
  ports.claim(powerPort.base, powerPort.size, createPowerPort(onPower))
  ports.claim(keyboardController.command, 1, createKeyboardController(onPower))
  const root = new PciRoot({ ports, state: machine.pciConfig, window: pciMemory })
  const functions = devices.map((device) => {
    const pci = new VirtioPci({ device, memory: ram.memory, mmio, msi, notifier, onFault })
    root.add(pci)
    return pci
  })
  const cores = functions.map(({ core }) => core)
  let isFrozen = false
  return {
    async freeze() {
      isFrozen = true
      await allDone(cores.map((core) => core.freeze()))
    },
    thaw() {
      if (isFrozen) for (const core of cores) core.thaw()
      isFrozen = false
    },
    save: () =>
      functions.map((one) => {
        const to = new StateWriter()
        one.save(to)
        return to.content
      }),
    load(saved) {
      isFrozen = true
      for (const [index, one] of functions.entries()) {
        const from = new StateReader(saved[index] ?? new Uint8Array())
        one.load(from)
        from.end()
      }
    },
    unplug() {
      for (const core of cores) core.unplug()
    },
    metrics: () => cores.map((core, index) => ({ name: nameOf(devices, index), ...core.metrics() })),
  }
}

/** `blk1` for the second disk. */
function nameOf(devices: readonly VirtioDevice[], index: number): string {
  const type = devices[index]?.type
  return `${type}${devices.slice(0, index).filter((device) => device.type === type).length}`
}
