import { join } from 'node:path'
import { launchProcess, type Pipe } from '../../../src/background/index.ts'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import type { MachineSpec, UserNic } from '../../../src/provider/index.ts'

/** What the guard's process is told. */
export interface GuardConfig {
  machine: string
  nic: UserNic
}

/** The descriptors at which the guard has the guest's frames and the stack's, and QEMU the other ends of these. */
export const guardEnds = { guest: 3, stack: 4 } as const

const limit = 60_000

/** The NIC that needs a guard; QEMU's own `restrict` keeps a guest from everything, and can do no less. */
export function guardedNic({ nics }: MachineSpec): UserNic | null {
  const nic = nics.find((one) => one.kind === 'user')
  if (nic === undefined) return null
  return nic.isolated === true && nic.hostAccess === undefined ? null : nic
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
  const nic = guardedNic(spec)
  if (nic === null) return await work([])
  const config: GuardConfig = { machine: spec.name, nic }
  await launchProcess({
    file: join(packageRoot(), 'dist', 'qemu-guard.js'),
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
