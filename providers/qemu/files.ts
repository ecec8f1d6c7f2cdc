import { join } from 'node:path'
import type { MachineSpec } from '../../src/provider/index.ts'

/** Every file that this provider makes for a machine, besides the disks and logs named in its spec. */
export interface QemuFiles {
  /** QMP, for one client at a time. */
  qmp: string
  /** Written by QEMU as it starts, removed as it ends in good order. */
  pid: string
  /** Where the guard says what it has carried. */
  guard: string
  ready: string
  /** VNC, of a machine with a screen. */
  display: string
  /** The console, as QEMU is told of it: it opens the two files below. */
  console: string
  /** A FIFO: what is written to it is typed at the guest's console. */
  consoleIn: string
  /** Leads to /dev/null. */
  consoleOut: string
  agent: string
  /** That the machine was made, and how it was last started and stopped: RunRecord. */
  record: string
  /** QEMU's events of the last run, a JSON object a line: what it ended by stands at the end. */
  events: string
  /** The one command of the monitor that writes them. */
  eventsCommand: string
  /** The machine's own copy of the UEFI variables. */
  uefiVariables: string
}

export function qemuFiles(spec: MachineSpec): QemuFiles {
  const { dataDir, runtimeDir } = spec.files
  return {
    qmp: join(runtimeDir, 'qmp.sock'),
    pid: join(runtimeDir, 'qemu.pid'),
    guard: join(runtimeDir, 'guard.sock'),
    display: join(runtimeDir, 'vnc.sock'),
    console: join(runtimeDir, 'console'),
    consoleIn: join(runtimeDir, 'console.in'),
    consoleOut: join(runtimeDir, 'console.out'),
    ready: join(runtimeDir, 'ready.sock'),
    agent: join(runtimeDir, 'agent.sock'),
    record: join(dataDir, 'qemu.json'),
    events: join(dataDir, 'qemu-events.log'),
    eventsCommand: join(dataDir, 'qemu-events.log.in'),
    uefiVariables: join(dataDir, 'uefi-variables.fd'),
  }
}
