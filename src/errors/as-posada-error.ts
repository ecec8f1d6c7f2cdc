import { bugReport } from './bug.ts'
import { errorCodes } from './codes.ts'
import { isPosadaError, PosadaError } from './posada-error.ts'
import { fromSystemError } from './system-error.ts'

/** What was thrown as an error with a code: E_INTERRUPTED for an abortion without a reason, E_BUG for what no user caused. */
export function asPosadaError(thrown: unknown): PosadaError {
  const error = fromSystemError(thrown)
  if (isPosadaError(error)) return error
  if (error instanceof Error && error.name === 'AbortError') {
    if (isPosadaError(error.cause)) return error.cause
    return new PosadaError('E_INTERRUPTED', 'interrupted', { cause: error })
  }
  return bugReport(error)
}

/** The exit code of `posada run` where it is not the command's own: one that hardly any command has. */
export function runExitCode({ code }: PosadaError): number {
  const { exit } = errorCodes[code]
  return exit < 124 ? 125 : exit
}
