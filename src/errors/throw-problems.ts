import type { ErrorCode } from './codes.ts'
import { PosadaError, type PosadaErrorOptions } from './posada-error.ts'

/** The error that stands for several problems; without a code it has that of the first. */
export interface Several extends Omit<PosadaErrorOptions, 'problems'> {
  code?: ErrorCode
  message: string
}

/** Throws what was found: nothing for no problem, a single one as it is, several in one error that holds them. */
export function throwProblems(
  problems: readonly PosadaError[],
  { code, message, ...options }: Several,
): void {
  const [first] = problems
  if (first === undefined) return
  if (problems.length === 1) throw first
  throw new PosadaError(code ?? first.code, message, { ...options, problems })
}
