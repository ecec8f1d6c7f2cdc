import { consoleLogLimit, type MachineSpec } from '../../../src/provider/index.ts'
import { createRam, type Ram } from '../memory/ram.ts'
import { type ConsoleLog, openConsoleLog } from '../platform/console-log.ts'
import { createSerialPortState } from '../platform/serial-port.ts'
import { openKvm } from '../vm/open-kvm.ts'
import type { DeviceCounters } from './devices.ts'
import { type Log, limitedLog } from './machine-log.ts'

/** What stays when a guest restarts. */
export interface GuestHost {
  kvm: number
  ram: Ram
  serial: SharedArrayBuffer
  console: ConsoleLog
  counters: DeviceCounters
  log: Log
  /** For what a guest brings about, as often as it likes. */
  guestLog: Log
}

/** @throws PosadaError E_KVM_MISSING, E_KVM_PERMISSION, E_KVM_UNUSABLE */
export function openHost(spec: MachineSpec, log: Log): GuestHost {
  return {
    kvm: openKvm(),
    ram: createRam(spec.memory),
    serial: createSerialPortState(),
    console: openConsoleLog(spec.files.consoleLog, consoleLogLimit, (error) => log(`console log: ${error}`)),
    counters: { disk: { read: 0, written: 0 }, network: { received: 0, sent: 0 } },
    log,
    guestLog: limitedLog(log),
  }
}
