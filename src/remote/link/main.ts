import { holdLock, runServing } from '../../background/index.ts'
import type { LinkConfig } from './config.ts'
import { runLink } from './run.ts'

/** The process that keeps the connection to another host: its configuration on standard input. */

await runServing<LinkConfig>(async (config, { signal, onReady }) =>
  (await holdLock(config.lock, config.socket)) ? runLink(config, signal, onReady) : null,
)
