import { join } from 'node:path'
import { launchProcess, type Pipe } from '../../../src/background/index.ts'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import { consoleLogLimit, type MachineSpec, type UserNic } from '../../../src/provider/index.ts'
import { qemuFiles } from '../files.ts'
import type { MovedMemory } from './move-memory.ts'

/** What the guard's process is told. */
export interface GuardConfig {
  machine: string
  nic: UserNic
  /** Bits a second each way; null: as many as there are. */
  bandwidth: number | null
  /** Where it says what it has carried. */
  socket: string
  /** Files that QEMU appends to, and how many bytes each may have. */
  logs: { path: string; limit: number }[]
  /** Null: the guest has all of its memory all the time. */
  memory: MovedMemory | null
}

/** The descriptors at which the guard has the guest's frames and the stack's, and QEMU the other ends of these. */
export const guardEnds = { guest: 3, stack: 4 } as const

const limit = 60_000

const mebibyte = 1024 * 1024

/** Files that QEMU appends to, for as long as it runs, with the most bytes that each may have. */
export function boundedLogs(spec: MachineSpec): GuardConfig['logs'] {
  return [
    { path: spec.files.consoleLog, limit: consoleLogLimit },
    { path: spec.files.providerLog, limit: mebibyte },
    { path: qemuFiles(spec).events, limit: mebibyte },
  ]
}

function memoryOf(spec: MachineSpec): GuardConfig['memory'] {
  const { memory: max, memoryMin: min } = spec
  return typeof min === 'number' ? { min, max, qmp: qemuFiles(spec).qmp } : null
}

/**
 * Starts the guard of a machine that needs one, and does `work` meanwhile with the ends that QEMU is to be given: frames
 * that come before the guard has begun wait for it. Where either fails, the guard is ended.
 */
export async function withGuard(
  spec: MachineSpec,
  work: (ends: readonly Pipe[]) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const nic = spec.nics.find((one) => one.kind === 'user')
  if (nic === undefined) return await work([])
  const config: GuardConfig = {
    machine: spec.name,
    nic,
    bandwidth: spec.limits?.network.bandwidth ?? null,
    socket: qemuFiles(spec).guard,
    logs: boundedLogs(spec),
    memory: memoryOf(spec),
  }
  await launchProcess({
    file: join(packageRoot(), 'dist', 'qemu-guard.cjs'),
    // On its command line, where it has them even when this process is killed before it could tell.
    arguments: [JSON.stringify(config)],
    config: {},
    log: spec.files.providerLog,
    what: "the guard of the machine's network",
    code: 'E_QEMU_START',
    limit,
    pipes: { count: Object.keys(guardEnds).length, work },
    ...(signal === undefined ? {} : { signal }),
  })
}
