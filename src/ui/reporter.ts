import type { Emit } from '../events/index.ts'

/** Renders events. Nothing may be written to the terminal between events but through `write`. */
export interface Reporter {
  emit: Emit
  /** Ends what is shown live and writes text that was held back. Events after it are shown plainly. */
  close(): void
}
