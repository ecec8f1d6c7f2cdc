import { PosadaError } from './posada-error.ts'

/** What was thrown and no user caused, as E_BUG: what to report, with the fault itself as its cause. */
export function bugReport(thrown: unknown): PosadaError {
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return new PosadaError('E_BUG', `a fault in Posada itself: ${what}`, {
    cause: thrown,
    hint: 'please report it, with what you did and the output of the same command with --debug',
    details: [`node ${process.version}, ${process.platform} ${process.arch}`],
  })
}
