import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { bugReport, isPosadaError, PosadaError, throwProblems, withContext } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { exists, namesIn } from '../lib/files/folders.ts'
import { describeHolder, type MachinePaths, withLock } from '../project/index.ts'
import type { Locking, Places } from './project.ts'
import type { Outcome } from './schedule/graph.ts'

/** Whether anything was ever made for the machine; a verb that finds nothing leaves nothing behind. */
export function hasFolder(project: Places, machine: string): Promise<boolean> {
  return exists(project.paths.machine(machine).dir)
}

/**
 * Does `work` as the only posada process on this machine; tells the user when it has to wait. Where
 * it leaves nothing but the lock, that goes too; `work` itself leaves the lock alone.
 */
export function withMachineLock<T>(
  project: Places & Locking,
  machine: string,
  work: () => Promise<T>,
): Promise<T> {
  return withLock(
    project.paths.machine(machine).lock,
    {
      command: project.command,
      wait: project.lockWait,
      signal: project.signal,
      machine,
      onWait: (holder) =>
        project.emit({
          type: 'notice',
          level: 'info',
          machine,
          message: `waiting for ${describeHolder(holder)}`,
        }),
    },
    async () => {
      try {
        return await work()
      } finally {
        await removeIfEmpty(project.paths.machine(machine))
      }
    },
  )
}

/**
 * What was not begun, or is destroyed, leaves no folder behind only to hold its lock. A command that
 * comes between the two deletions has made a lock of its own, which stays with the folder.
 */
async function removeIfEmpty({ dir, lock }: MachinePaths): Promise<void> {
  const names = await namesIn(dir)
  if (!names.every((name) => join(dir, name) === lock)) return
  try {
    await rm(lock, { force: true })
    await rmdir(dir)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
  }
}

export interface Step {
  machine?: string
  step: string
  message: string
}

/** Tells that a stage begins and how it ends, with the time it took. */
export async function inStep<T>(emit: Emit, step: Step, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  emit({ type: 'step', status: 'start', ...step })
  try {
    const value = await work()
    emit({ type: 'step', status: 'done', ...step, ms: performance.now() - begun })
    return value
  } catch (error) {
    emit({ type: 'step', status: 'fail', ...step, ms: performance.now() - begun })
    throw error
  }
}

/** What went wrong with a machine. */
export interface Failure {
  machine: string
  error: unknown
}

/** What went wrong among the outcomes; machines that were not begun are not in it. */
export function failuresOf(outcomes: readonly Outcome<unknown>[]): Failure[] {
  return outcomes.flatMap((outcome) =>
    outcome.status === 'failed' ? [{ machine: outcome.name, error: outcome.error }] : [],
  )
}

/** Throws what went wrong with several machines: a single error as it is, more as E_SEVERAL, with a bug among them as E_BUG. */
export function throwFailures(found: readonly Failure[]): void {
  const interrupted = found.find(({ error }) => isPosadaError(error, 'E_INTERRUPTED'))
  if (interrupted !== undefined) throw interrupted.error
  const failures = found.map(({ machine, error }) => withContext(error, { machine }))
  if (failures.length === 1) throw failures[0] // a bug as it is, too
  const problems = failures.map((error) => (error instanceof PosadaError ? error : bugReport(error)))
  const bug = problems.find(({ code }) => code === 'E_BUG')
  throwProblems(problems, {
    code: 'E_SEVERAL',
    message: `${problems.length} machines failed`,
    ...(bug === undefined ? {} : { cause: bug.cause }),
  })
}
