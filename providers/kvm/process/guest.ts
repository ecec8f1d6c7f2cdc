import { PosadaError } from '../../../src/errors/index.ts'
import type { Metrics } from '../../../src/provider/index.ts'
import { renewGeneration, writeTables } from '../acpi/tables.ts'
import { cachedKernel } from '../boot/kernel-cache.ts'
import { loadKernel } from '../boot/load-kernel.ts'
import { generationGsi, powerButtonGsi } from '../memory/layout.ts'
import type { PowerRequest } from '../platform/power-port.ts'
import { loadSerialPort, resetSerialPort, saveSerialPort, serialOutput } from '../platform/serial-port.ts'
import { StateReader, StateWriter } from '../snapshot/fields.ts'
import { abandonThreads, type VcpuThread } from '../vcpu/thread.ts'
import type { BalloonDevice } from '../virtio/devices/balloon/device.ts'
import { createMachine, type ExitTrace, type Machine, type Origin } from '../vm/machine.ts'
import { allDone } from './all-done.ts'
import { type DeviceSet, openDevices } from './devices.ts'
import { giveBack } from './give-back.ts'
import type { GuestHost } from './guest-host.ts'
import type { Milestones } from './milestones.ts'
import { type Plugged, plugDevices } from './plug-devices.ts'
import { powerOff } from './power-off.ts'
import type { SavedGuest } from './saved-guest.ts'
import type { VmmConfig } from './vmm-config.ts'

/** What a guest does, or meets, by itself. */
export type GuestEvent =
  | { type: PowerRequest }
  | { type: 'triple-fault' }
  | { type: 'no-space' }
  | { type: 'failed'; reason: string }

/** A guest between power-on and power-off; a restart makes another. */
export interface Guest {
  /** Lets it run, and tries again what its disks had no room for. */
  resume(): void
  /**
   * Opens the host's ends of its devices and waits for its vCPUs, while it may run already: its disks wait for
   * `releaseDisks`, so that one that fails here has changed nothing. Once only; it is to be closed where this fails.
   */
  connect(): Promise<void>
  releaseDisks(): void
  pause(): Promise<void>
  /** What it is at but its RAM; it has to stand still, and leaves its RAM and disks alone until `resume`. */
  save(): Promise<SavedGuest>
  pressPowerButton(): void
  /** What its vCPUs and devices have counted so far. */
  metrics(): Metrics
  /** See `Machine.trace`. */
  trace(milliseconds: number): Promise<ExitTrace>
  /** Whether a guest agent listens in the guest. */
  hasAgent(): boolean
  readonly balloon: BalloonDevice
  /** Cuts the power, writes back the disks whatever the vCPUs do, waits for these, gives back all but RAM. */
  close(): Promise<void>
}

export interface PowerOn {
  /** Of the vCPUs; they are ended where this fails. */
  threads: readonly VcpuThread[]
  milestones: Milestones
  /** What it goes on from; null: its kernel is booted. */
  saved: SavedGuest | null
  /** May be called several times, also from within `powerOn`. */
  onEvent: (event: GuestEvent) => void
}

/** Builds a guest up to the point where its first or next instruction waits. RAM is zero, or what was saved. */
export async function powerOn(
  { spec, cacheDir }: Pick<VmmConfig, 'spec' | 'cacheDir'>,
  host: GuestHost,
  { threads, milestones: { reached }, saved, onEvent }: PowerOn,
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
  const { log, guestLog, counters, uplink, shares } = host
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
    const machine = createMachine({ kvm: host.kvm, ram: host.ram, serial, log })
    undo.unshift(() => machine.close())
    machine.setUpVcpus({ threads, nested: spec.nested })
    reached('virtual machine')
    const devices = openDevices(spec, {
      log: guestLog,
      counters,
      uplink,
      shares,
      onNoSpace: () => onEvent({ type: 'no-space' }),
    })
    undo.push(() => devices.close())
    const onPower = (type: PowerRequest) => onEvent({ type })
    const plugged = plugDevices(machine, { devices: devices.devices, onPower, onFault: guestLog })
    reached('devices')
    const load = () => {
      const entry = loadKernel(memory, kernel)
      writeTables(memory, spec.cpus)
      return { boot: entry }
    }
    renewGeneration(memory)
    const origin = saved === null ? load() : restore(saved, { plugged, serial: host.serial })
    reached(saved === null ? 'kernel' : 'memory')
    const begun = machine.beginVcpus(origin)
    // A failure is met where it is awaited, which is later.
    begun.catch(() => undefined)
    void machine.ended.then((ending) => {
      if (ending.why === 'triple-fault') onEvent({ type: 'triple-fault' })
      else if (ending.why === 'failed') onEvent({ type: 'failed', reason: ending.reason })
    })
    return guestOf({ machine, devices, plugged, begun, serial, isOther: saved !== null })
  } catch (error) {
    await giveBack(undo, log)
    throw error
  }
}

interface Parts {
  machine: Machine
  devices: DeviceSet
  plugged: Plugged
  begun: Promise<void>
  serial: { shared: SharedArrayBuffer; onOutput: () => void }
  /** It is another machine than its guest knows, which is yet to hear that. */
  isOther: boolean
}

/** Has devices and port go on from where they were saved; says where the processors do. */
function restore(
  { machine, devices, serial }: SavedGuest,
  { plugged, serial: port }: { plugged: Plugged; serial: SharedArrayBuffer },
): Origin {
  plugged.load(devices)
  loadSerialPort(port, new StateReader(serial))
  return { restore: machine }
}

function guestOf({ machine, devices, plugged, begun, serial, isOther }: Parts): Guest {
  let isUntold = isOther
  return {
    async save() {
      await plugged.freeze()
      const to = new StateWriter()
      serial.onOutput()
      saveSerialPort(serial.shared, to)
      return { machine: machine.save(), devices: plugged.save(), serial: to.content }
    },
    resume() {
      devices.retry()
      plugged.thaw()
      if (isUntold) machine.interrupts.line(generationGsi).trigger()
      isUntold = false
      machine.resume()
    },
    connect: () => allDone([devices.connect(), begun]),
    releaseDisks: () => devices.releaseDisks(),
    pause: () => machine.pause(),
    pressPowerButton: () => machine.interrupts.line(powerButtonGsi).trigger(),
    metrics: () => ({ vcpus: machine.metrics(), devices: plugged.metrics() }),
    trace: (milliseconds) => machine.trace(milliseconds),
    hasAgent: () => devices.hasAgent(),
    balloon: devices.balloon,
    close: () => powerOff({ machine, devices, plugged }),
  }
}
