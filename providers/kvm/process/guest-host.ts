import { closeSync, fstatSync, readSync } from 'node:fs'
import { consoleLogLimit, type MachineSpec } from '../../../src/provider/index.ts'
import { createBacking, savedBacking } from '../memory/backing.ts'
import { createRam, type Ram } from '../memory/ram.ts'
import { type ConsoleLog, openConsoleLog } from '../platform/console-log.ts'
import { createSerialPortState } from '../platform/serial-port.ts'
import { decodeState } from '../snapshot/format.ts'
import { unusable } from '../snapshot/unusable.ts'
import { openKvm } from '../vm/open-kvm.ts'
import type { DeviceCounters } from './devices.ts'
import { type Log, limitedLog } from './machine-log.ts'
import { decodeGuest, factsOf, type SavedGuest } from './saved-guest.ts'
import { type OpenShare, openShares } from './shares.ts'
import { type OpenUplink, openUplink } from './uplink.ts'
import type { VmmConfig } from './vmm-config.ts'

/** What stays when a guest restarts. */
export interface GuestHost {
  kvm: number
  ram: Ram
  serial: SharedArrayBuffer
  console: ConsoleLog
  counters: DeviceCounters
  /** What serves its folders. */
  shares: readonly OpenShare[]
  /** To passt, which the machine was started with; null where it has no way out. */
  uplink: OpenUplink | null
  log: Log
  /** For what a guest brings about, as often as it likes. */
  guestLog: Log
}

/**
 * Where the machine goes on from a memory, that is compared with what is here before it is mapped.
 *
 * @throws PosadaError E_KVM_MISSING, E_KVM_PERMISSION, E_KVM_UNUSABLE, E_MEMORY_UNUSABLE
 */
export function openHost(
  { memory, ...config }: Pick<VmmConfig, 'spec' | 'uplink' | 'shares' | 'memory'>,
  log: Log,
): { host: GuestHost; saved: SavedGuest | null } {
  const { spec } = config
  const kvm = openKvm()
  const { ram, saved } = memory === null ? { ram: newRam(spec), saved: null } : load(spec, kvm, memory)
  const shares = openShares(config, ram, log)
  return { host: { ...hostOf(config, log), kvm, ram, shares }, saved }
}

/** What serves folders has to map it. */
function newRam({ memory, shares = [] }: MachineSpec): Ram {
  return shares.length === 0 ? createRam(memory) : createRam(memory, createBacking(memory, 'file'))
}

function load(spec: MachineSpec, kvm: number, fd: number): { ram: Ram; saved: SavedGuest } {
  try {
    const read = (offset: number, length: number) => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(fd, bytes, 0, length, offset))
    }
    const file = decodeState({ size: fstatSync(fd).size, read })
    const saved = decodeGuest(file, factsOf(spec, kvm))
    if (file.ram.size !== spec.memory) throw unusable(`it has ${file.ram.size} bytes of RAM`)
    return { ram: createRam(spec.memory, savedBacking(spec.memory, { fd, offset: file.ram.offset })), saved }
  } finally {
    closeSync(fd)
  }
}

function hostOf(
  { spec, uplink }: Pick<VmmConfig, 'spec' | 'uplink'>,
  log: Log,
): Omit<GuestHost, 'kvm' | 'ram' | 'shares'> {
  const onDown = (reason: string) => log(`network: ${reason}`)
  return {
    serial: createSerialPortState(),
    console: openConsoleLog(spec.files.consoleLog, consoleLogLimit, (error) => log(`console log: ${error}`)),
    counters: { disk: { read: 0, written: 0 }, network: { received: 0, sent: 0 } },
    uplink: uplink === null ? null : openUplink(uplink, { onDown }),
    log,
    guestLog: limitedLog(log),
  }
}
