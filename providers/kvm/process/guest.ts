import { PosadaError } from '../../../src/errors/index.ts'
import { consoleLogLimit, type MachineSpec } from '../../../src/provider/index.ts'
import { writeTables } from '../acpi/tables.ts'
import { cachedKernel } from '../boot/kernel-cache.ts'
import { loadKernel } from '../boot/load-kernel.ts'
import { powerButtonGsi } from '../memory/layout.ts'
import { createRam, type Ram } from '../memory/ram.ts'
import { type ConsoleLog, openConsoleLog } from '../platform/console-log.ts'
import type { PowerRequest } from '../platform/power-port.ts'
import { createSerialPortState, resetSerialPort, serialOutput } from '../platform/serial-port.ts'
import { abandonThreads, type VcpuThread } from '../vcpu/thread.ts'
import type { BalloonDevice } from '../virtio/devices/balloon/device.ts'
import { createMachine, type Machine } from '../vm/machine.ts'
import { openKvm } from '../vm/open-kvm.ts'
import { allDone } from './all-done.ts'
import { type DeviceSet, openDevices } from './devices.ts'
import type { VmmConfig } from './launch.ts'
import type { Milestones } from './milestones.ts'
import { plugDevices } from './plug-devices.ts'

/** Why a guest stopped by itself. */
export type GuestEvent = { type: PowerRequest } | { type: 'failed'; reason: string }

/** A guest between power-on and power-off; a restart makes another. */
export interface Guest {
  resume(): void
  /**
   * Opens the host's ends of its devices and waits for its vCPUs, while it may run already: its disks wait for
   * `releaseDisks`, so that one that fails here has changed nothing. Once only; it is to be closed where this fails.
   */
  connect(): Promise<void>
  releaseDisks(): void
  pause(): Promise<void>
  pressPowerButton(): void
  exits(): number
  /** Whether a guest agent listens in the guest. */
  hasAgent(): boolean
  readonly balloon: BalloonDevice
  /** Settles once, when the guest wants to be restarted or switched off, or cannot go on. */
  readonly event: Promise<GuestEvent>
  /** Cuts the power, writes back disks, gives back all but RAM. */
  close(): Promise<void>
}

/** What stays when a guest restarts. */
export interface GuestHost {
  kvm: number
  ram: Ram
  serial: SharedArrayBuffer
  console: ConsoleLog
  log: (message: string) => void
}

/** @throws PosadaError E_KVM_MISSING, E_KVM_PERMISSION, E_KVM_UNUSABLE */
export function openHost(spec: MachineSpec, log: (message: string) => void): GuestHost {
  return {
    kvm: openKvm(),
    ram: createRam(spec.memory),
    serial: createSerialPortState(),
    console: openConsoleLog(spec.files.consoleLog, consoleLogLimit, (error) => log(`console log: ${error}`)),
    log,
  }
}

export interface PowerOn {
  /** Of the vCPUs; they are ended where this fails. */
  threads: readonly VcpuThread[]
  milestones: Milestones
}

/** Builds a guest up to the point where its first instruction waits. RAM is zero. */
export async function powerOn(
  { spec, cacheDir }: Omit<VmmConfig, 'entries'>,
  host: GuestHost,
  { threads, milestones: { reached } }: PowerOn,
): Promise<Guest> {
  if (spec.boot.kind !== 'kernel') {
    throw new PosadaError('E_CAPABILITY', 'the built-in hypervisor starts kernels only; it has no firmware', {
      value: spec.boot.firmware,
      hint: 'use a box with a kernel, or provider: qemu',
    })
  }
  resetSerialPort(host.serial)
  const output = serialOutput(host.serial)
  const onOutput = () => {
    for (let bytes = output.take(); bytes.length > 0; bytes = output.take()) host.console.append(bytes)
  }
  let tell: (event: GuestEvent) => void = () => undefined
  const event = new Promise<GuestEvent>((resolve) => {
    tell = resolve
  })

  const { memory } = host.ram
  const { initrd } = spec.boot
  const kernel = {
    kernel: cachedKernel(spec.boot.kernel, cacheDir),
    ...(initrd === undefined ? {} : { initrd }),
    cmdline: `${spec.boot.cmdline} console=ttyS0`.trim(),
  }
  const undo: (() => Promise<void>)[] = [() => abandonThreads(threads)]
  try {
    const serial = { shared: host.serial, onOutput }
    const machine = createMachine({ kvm: host.kvm, ram: host.ram, serial })
    undo.unshift(() => machine.close())
    machine.setUpVcpus({ threads, nested: spec.nested })
    reached('virtual machine')
    const devices = openDevices(spec, host.log)
    undo.push(() => devices.close())
    const onPower = (type: PowerRequest) => tell({ type })
    plugDevices(machine, { devices: devices.devices, onPower, onFault: host.log })
    reached('devices')
    const entry = loadKernel(memory, kernel)
    writeTables(memory, spec.cpus)
    reached('kernel')
    const begun = machine.beginVcpus(entry)
    // A failure is met where it is awaited, which is later.
    begun.catch(() => undefined)
    void machine.ended.then((ending) => {
      if (ending.why === 'triple-fault') tell({ type: 'failed', reason: 'the guest crashed (triple fault)' })
      else if (ending.why === 'failed') tell({ type: 'failed', reason: ending.reason })
    })
    return guestOf({ machine, devices, begun, event })
  } catch (error) {
    for (const giveBack of undo) await giveBack()
    throw error
  }
}

interface Parts {
  machine: Machine
  devices: DeviceSet
  begun: Promise<void>
  event: Promise<GuestEvent>
}

function guestOf({ machine, devices, begun, event }: Parts): Guest {
  return {
    resume: () => machine.resume(),
    connect: () => allDone([devices.connect(), begun]),
    releaseDisks: () => devices.releaseDisks(),
    pause: () => machine.pause(),
    pressPowerButton: () => machine.interrupts.line(powerButtonGsi).trigger(),
    exits: () => machine.exits(),
    hasAgent: () => devices.hasAgent(),
    balloon: devices.balloon,
    event,
    async close() {
      await machine.close()
      await devices.close()
    },
  }
}
