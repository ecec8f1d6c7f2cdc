import type { SshSession } from '../../ssh/index.ts'

/** What one look at a machine came to; `answer` goes on after `not ready: `. */
export type Answer = { ready: true } | { ready: false; answer: string; details?: readonly string[] }

export interface ProbeContext {
  session: SshSession
  /** The machine's environment, for shell probes. */
  env: Record<string, string>
  /** Ends this look: its time is over, or the user interrupted. */
  signal: AbortSignal
}
