import { consoleLogLimit } from '../../../src/provider/index.ts'
import { createRam, type Ram } from '../memory/ram.ts'
import { type ConsoleLog, openConsoleLog } from '../platform/console-log.ts'
import { createSerialPortState } from '../platform/serial-port.ts'
import { openKvm } from '../vm/open-kvm.ts'
import type { DeviceCounters } from './devices.ts'
import { type Log, limitedLog } from './machine-log.ts'
import { type OpenUplink, openUplink } from './uplink.ts'
import type { VmmConfig } from './vmm-config.ts'

/** What stays when a guest restarts. */
export interface GuestHost {
  kvm: number
  ram: Ram
  serial: SharedArrayBuffer
  console: ConsoleLog
  counters: DeviceCounters
  /** To passt, which the machine was started with; null where it has no way out. */
  uplink: OpenUplink | null
  log: Log
  /** For what a guest brings about, as often as it likes. */
  guestLog: Log
}

/** @throws PosadaError E_KVM_MISSING, E_KVM_PERMISSION, E_KVM_UNUSABLE */
export function openHost({ spec, uplink }: Pick<VmmConfig, 'spec' | 'uplink'>, log: Log): GuestHost {
  const onDown = (reason: string) => log(`network: ${reason}`)
  return {
    kvm: openKvm(),
    ram: createRam(spec.memory),
    serial: createSerialPortState(),
    console: openConsoleLog(spec.files.consoleLog, consoleLogLimit, (error) => log(`console log: ${error}`)),
    counters: { disk: { read: 0, written: 0 }, network: { received: 0, sent: 0 } },
    uplink: uplink === null ? null : openUplink(uplink, { onDown }),
    log,
    guestLog: limitedLog(log),
  }
}
