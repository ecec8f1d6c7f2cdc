import { PosadaError } from '../errors/index.ts'
import { whenPipeBreaks } from './streams.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const EXIT_CODE = 130

/**
 * A signal that is aborted when the user interrupts, with E_INTERRUPTED for its reason; the work is
 * to clean up and end. Whoever interrupts a second time ends the process at once.
 */
export function interruptible(tell: (message: string) => void): AbortSignal {
  const controller = new AbortController()
  const abort = (by: string) => {
    if (controller.signal.aborted) process.exit(EXIT_CODE)
    if (by === 'SIGINT') tell('interrupted: cleaning up (once more ends at once)')
    controller.abort(
      new PosadaError('E_INTERRUPTED', `interrupted by ${by}`, {
        hint: 'run the command again: it goes on from where things stand',
      }),
    )
  }
  for (const name of SIGNALS) process.on(name, () => abort(name))
  whenPipeBreaks(() => controller.abort(new PosadaError('E_INTERRUPTED', 'nobody reads the output any more')))
  return controller.signal
}
