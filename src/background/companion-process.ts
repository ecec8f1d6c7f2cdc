import { readFileSync } from 'node:fs'
import type { ProcessIdentity } from '../lib/process/process-identity.ts'
import { encodeFailure, encodeReady } from './handshake.ts'
import { holdLock } from './process-lock.ts'
import { type Handlers, serveControl } from './server.ts'
import { logLine, tellStarter } from './starter.ts'

/** What a process that serves one machine is told, whatever it does for it. */
export interface CompanionConfig {
  /** Its name. */
  machine: string
  /** The machine's process: this one ends when it has ended. */
  hypervisor: ProcessIdentity
  /** The socket it answers on. */
  control: string
  /** Held by the process itself, see process-lock.ts. */
  lock: string
}

/** What such a process does. */
interface Work {
  answers: Handlers
  /** Until whoever started the process is let go; left out: it need not wait. */
  ready?: Promise<unknown>
  /** Resolves when the machine has ended or the process was told to end. */
  ended: Promise<void>
}

/** Lines of one run's log: a guest that fails all the time fills no disk. */
const mostLines = 10_000

/**
 * The whole life of a process that serves one machine: its configuration on standard input, one line of JSON on standard
 * output, its answers on the control socket, what else it says in its log.
 */
export async function runCompanion<Config extends CompanionConfig>(
  begin: (config: Config, own: { signal: AbortSignal; log: (line: string) => void }) => Work,
): Promise<never> {
  let lines = 0
  const log = (line: string) => {
    if (++lines <= mostLines) logLine(line)
  }
  let isSaid = false
  const sayOnce = (line: string) => {
    if (!isSaid) tellStarter(line, log)
    isSaid = true
  }
  process.umask(0o077)
  const signal = untilToldToEnd()
  try {
    const config = JSON.parse(readFileSync(0, 'utf8')) as Config
    // Where another has the lock it was begun by a command that was killed before it heard of it.
    if (await holdLock(config.lock, config.control)) {
      const { answers, ready, ended } = begin(config, { signal, log })
      const server = await serveControl(config.control, answers)
      await Promise.race([ready, ended])
      sayOnce(encodeReady())
      await ended
      await server.close()
    }
    sayOnce(encodeReady())
    process.exit(0)
  } catch (error) {
    log(`ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    sayOnce(encodeFailure(error))
    process.exit(1)
  }
}

/** Aborted by the first signal that asks this process to end. */
export function untilToldToEnd(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(new Error(signal)))
  }
  return stop.signal
}
