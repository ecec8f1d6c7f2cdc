import { readFileSync } from 'node:fs'
import {
  encodeFailure,
  encodeReady,
  holdLock,
  logLine,
  serveControl,
  tellStarter,
} from '../background/index.ts'
import type { SyncConfig } from './config.ts'
import { runSync } from './run.ts'

/**
 * The process that keeps folders of one guest equal with the host's: its configuration on standard input, one line of
 * JSON on standard output.
 */

/** Lines of one run's log: a guest that fails all the time fills no disk. */
const mostLines = 10_000

let lines = 0
const log = (line: string) => {
  if (++lines <= mostLines) logLine(line)
}

process.umask(0o077)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new Error(signal)))
}

try {
  const config = JSON.parse(readFileSync(0, 'utf8')) as SyncConfig
  const { control, lock, hypervisor, pairs } = config
  if (!(await holdLock(lock, control))) {
    // Another does this already, begun by a command that was killed before it heard of it.
    tellStarter(encodeReady(), log)
    process.exit(0)
  }
  const running = runSync(config, { signal: stop.signal, log })
  const server = await serveControl(control, {
    folders: async () => ({ hypervisor, pairs, problems: await running.problems() }),
  })
  tellStarter(encodeReady(), log)
  await running.ended
  await server.close()
  process.exit(0)
} catch (error) {
  log(`ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  tellStarter(encodeFailure(error), log)
  process.exit(1)
}
