import { PosadaError } from '../../../src/errors/index.ts'

/** A saved machine that cannot go on here; `why` for people. */
export function unusable(why: string): PosadaError {
  return new PosadaError('E_MEMORY_UNUSABLE', why)
}
