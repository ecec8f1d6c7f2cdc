import type { SshSession } from '../../ssh/index.ts'

/** What one look at a machine came to; `answer` goes on after `not ready: `. */
export type Answer = { ready: true } | { ready: false; answer: string; details?: readonly string[] }

/** Where a machine is looked at. */
export interface Looking {
  /** Null where only its console is looked at. */
  session: SshSession | null
  console: ConsoleLog
  /** The machine's environment, for shell probes. */
  env: Record<string, string>
  signal: AbortSignal
}

/** What a guest has written since it was started: the log, and where in it that begins. */
export interface ConsoleLog {
  path: string
  from: number
}

/** One look from inside the guest; `signal` ends it: its time is over, or the user interrupted. */
export interface ProbeContext extends Looking {
  session: SshSession
}
