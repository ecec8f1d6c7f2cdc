import { fromSystemError, isPosadaError } from '../../errors/index.ts'
import type { StopResult } from '../../provider/index.ts'
import { afterEnd } from '../companions/all.ts'
import type { Locking, Places } from '../project.ts'
import { record } from '../record.ts'

/**
 * To be done when a machine that is locked has been stopped, or was found so: its state says how, and its companions
 * are told. A machine that filled the disk has been stopped, though that could not be recorded: that is a warning.
 */
export async function windUp(
  project: Places & Locking,
  machine: string,
  { how, via }: StopResult,
): Promise<void> {
  try {
    const at = new Date().toISOString()
    if (how !== 'already') await noteStop(project, machine, (now) => ({ ...now, stop: { at, how, via } }))
  } finally {
    await afterEnd(project, machine)
  }
}

/** To be done before a guest is asked: a command that comes after one that was killed then knows that it is going down. */
export async function noteAsked(project: Places & Locking, machine: string): Promise<void> {
  const stopAskedAt = new Date().toISOString()
  await noteStop(project, machine, (now) =>
    now.start === undefined ? now : { ...now, start: { ...now.start, stopAskedAt } },
  )
}

async function noteStop(
  project: Places & Locking,
  machine: string,
  change: Parameters<typeof record>[1],
): Promise<void> {
  try {
    await record(project.paths.machine(machine), change)
  } catch (thrown) {
    const error = fromSystemError(thrown)
    if (!isPosadaError(error, 'E_DISK_FULL')) throw error
    const message = `its stop could not be recorded: ${error.message}`
    project.emit({ type: 'notice', level: 'warn', machine, message })
  }
}
