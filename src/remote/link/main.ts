import { readFileSync } from 'node:fs'
import {
  encodeFailure,
  encodeReady,
  holdLock,
  logLine,
  tellStarter,
  untilToldToEnd,
} from '../../background/index.ts'
import type { LinkConfig } from './config.ts'
import { runLink } from './run.ts'

/** The process that keeps the connection to another host: its configuration on standard input. */

process.umask(0o077)
const stop = untilToldToEnd()
try {
  const config = JSON.parse(readFileSync(0, 'utf8')) as LinkConfig
  const say = () => tellStarter(encodeReady(), logLine)
  // Where another has the lock it serves as well.
  if (await holdLock(config.lock, config.socket)) logLine(`ended: ${await runLink(config, stop, say)}`)
  else say()
  process.exit(0)
} catch (error) {
  if (stop.aborted) process.exit(0)
  logLine(`ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  tellStarter(encodeFailure(error), logLine)
  process.exit(1)
}
