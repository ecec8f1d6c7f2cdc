import { readFileSync } from 'node:fs'
import { holdLock, logLine, untilToldToEnd } from '../background/index.ts'
import { isPosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import type { KeeperConfig } from './config.ts'
import { runKeeper } from './run.ts'

/** The process that keeps a connection to one guest: its configuration on standard input. */

/** Milliseconds that one which fails holds its lock: the next command would begin another at once. */
const pause = 60_000

process.umask(0o077)
const stop = untilToldToEnd()

const config = JSON.parse(readFileSync(0, 'utf8')) as KeeperConfig
// Where the machine has been destroyed meanwhile there is nothing to hold.
if (!(await holdLock(config.lock, config.socket))) process.exit(0)
try {
  logLine(`ended: ${await runKeeper(config, stop)}`)
  process.exit(0)
} catch (error) {
  if (stop.aborted) process.exit(0)
  logLine(`no connection is kept: ${isPosadaError(error) ? error.message : (error as Error).stack}`)
  await Promise.race([sleep(pause), new Promise((resolve) => stop.addEventListener('abort', resolve))])
  process.exit(1)
}
