import { PosadaError } from '../../errors/index.ts'

/** Machines that a verb has nothing to do with, as they were never made. */
export function notCreatedYet(machines: readonly string[]): PosadaError {
  const what =
    machines.length === 1 ? `machine ${machines[0]} does not` : `machines ${machines.join(', ')} do not`
  return new PosadaError('E_NOT_CREATED', `${what} exist yet`, { hint: 'posada up creates it' })
}
