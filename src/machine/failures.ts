import { bugReport, isPosadaError, PosadaError, throwProblems, withContext } from '../errors/index.ts'
import type { Outcome } from './schedule/graph.ts'

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
