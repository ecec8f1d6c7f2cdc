import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import type { MachineSpec, MachineStatus, Provider } from '../../provider/index.ts'

/** Why the hypervisor paused a machine; null where it did not. */
export function stallOf(status: MachineStatus): string | null {
  return 'stalled' in status && status.stalled !== undefined ? stalledWords[status.stalled] : null
}

export function stallError(spec: MachineSpec, status: MachineStatus): PosadaError | null {
  const why = stallOf(status)
  if (why === null) return null
  return new PosadaError('E_DISK_FULL', `machine ${spec.name} is paused: ${why}`, {
    machine: spec.name,
    value: spec.files.dataDir,
    hint: `free some space, then posada up ${spec.name}: the guest continues where it stopped`,
  })
}

const stalledWords = {
  'disk-full': "the host's disk is full",
} as const

/**
 * Does `work` that talks to the guest. A connection that broke off because the machine stands still
 * is told as that: a step that fills the host's disk is the likeliest to meet it.
 */
export async function explainStall<T>(
  provider: Provider,
  spec: MachineSpec,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isPosadaError(error, 'E_SSH_LOST', 'E_SSH_CONNECT')) throw error
    throw stallError(spec, await provider.status(spec)) ?? error
  }
}

/** Milliseconds between two looks at a machine that a command runs in. */
const look = 2000

/**
 * The same for work of any length: a command that waits for a full disk would not end. Throws E_DISK_FULL soon after the
 * machine was paused, without waiting for the connection to it.
 */
export async function raceStall<T>(
  provider: Provider,
  spec: MachineSpec,
  work: () => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const watch = async (): Promise<never> => {
    for (;;) {
      await sleep(look, stop.signal)
      const stall = stallError(spec, await provider.status(spec))
      if (stall !== null) throw stall
    }
  }
  try {
    return await Promise.race([explainStall(provider, spec, work), watch()])
  } finally {
    stop.abort()
  }
}
