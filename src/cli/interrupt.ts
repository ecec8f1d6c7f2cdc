import { setMaxListeners } from 'node:events'
import { PosadaError } from '../errors/index.ts'
import { whenPipeBreaks } from './streams.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const exitCode = 130
/** Milliseconds until a user who pressed Ctrl-C wonders what is still going on. */
const patience = 300

/**
 * A signal that is aborted when the user interrupts, with E_INTERRUPTED and `hint` for its reason;
 * the work is to clean up and end, and the user is told so where that takes a while. Whoever
 * interrupts a second time ends the process at once.
 */
export function interruptible(tell: (message: string) => void, hint?: string): AbortSignal {
  const controller = new AbortController()
  // Ten machines listen at once, each with several waits; newer versions of Node count no listeners of signals.
  setMaxListeners(0, controller.signal)
  const abort = (by: string) => {
    if (controller.signal.aborted) process.exit(exitCode)
    if (by === 'SIGINT')
      setTimeout(() => tell('interrupted: cleaning up (interrupt again to quit at once)'), patience).unref()
    const options = hint === undefined ? {} : { hint }
    controller.abort(new PosadaError('E_INTERRUPTED', `interrupted by ${by}`, options))
  }
  for (const name of signals) process.on(name, () => abort(name))
  whenPipeBreaks(() =>
    controller.abort(new PosadaError('E_INTERRUPTED', 'no one reads the output any longer')),
  )
  return controller.signal
}
