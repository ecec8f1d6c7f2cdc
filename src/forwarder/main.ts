import { readFileSync } from 'node:fs'
import {
  encodeFailure,
  encodeReady,
  holdLock,
  logLine,
  serveControl,
  tellStarter,
} from '../background/index.ts'
import type { ForwarderConfig } from './config.ts'
import { runForwarder } from './run.ts'

/**
 * The process that forwards what listens in one guest: its configuration on standard input, one line of JSON on
 * standard output.
 */

/** Milliseconds until whoever started it is let go, whether the guest has answered or not. */
const patience = 10_000
/** Lines of one run's log: a guest that opens and closes ports all the time fills no disk. */
const mostLines = 10_000

let lines = 0
const log = (line: string) => {
  if (++lines <= mostLines) logLine(line)
}

let said = false
/** Only once. */
function say(line: string): void {
  if (!said) tellStarter(line, log)
  said = true
}

process.umask(0o077)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new Error(signal)))
}

try {
  const config = JSON.parse(readFileSync(0, 'utf8')) as ForwarderConfig
  const { control, lock, hypervisor } = config
  if (!(await holdLock(lock, control))) {
    // Another does this already, begun by a command that was killed before it heard of it.
    say(encodeReady())
    process.exit(0)
  }
  const running = runForwarder(config, { signal: stop.signal, log, onFirst: () => say(encodeReady()) })
  const server = await serveControl(control, {
    ports: async () => ({ hypervisor, ports: running.list() }),
  })
  setTimeout(() => say(encodeReady()), patience).unref()
  await running.ended
  await server.close()
  say(encodeReady())
  process.exit(0)
} catch (error) {
  log(`ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  say(encodeFailure(error))
  process.exit(1)
}
