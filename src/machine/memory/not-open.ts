import { PosadaError } from '../../errors/index.ts'
import type { Sighted } from '../observed/look.ts'

/** It has not been logged in to yet, or its kernel no longer does anything. */
export function notOpen({ previous, observed }: Sighted): PosadaError {
  const { name } = previous.spec
  const isGone = observed.state === 'panicked'
  const what = isGone ? 'has crashed' : 'has not finished booting'
  return new PosadaError('E_NOT_RUNNING', `machine ${name} ${what}; its memory is not saved`, {
    machine: name,
    value: observed.state,
    hint: isGone ? `posada up ${name} starts it again` : `posada up ${name} waits for it`,
  })
}
