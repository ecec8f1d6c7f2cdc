import { readFileSync } from 'node:fs'
import { untilToldToEnd } from './companion-process.ts'
import { encodeFailure, encodeReady } from './handshake.ts'
import { logLine, tellStarter } from './starter.ts'

/** How a process of this kind is told to end, and lets go whoever started it. */
interface Serving {
  signal: AbortSignal
  onReady: () => void
}

/**
 * The whole life of a process that serves until it is told to end: its configuration on standard input, one line of JSON on
 * standard output, what else it says in its log. `serve` resolves to why it ended; null where another process serves already.
 */
export async function runServing<Config>(
  serve: (config: Config, own: Serving) => Promise<string | null>,
): Promise<never> {
  process.umask(0o077)
  const signal = untilToldToEnd()
  try {
    const config = JSON.parse(readFileSync(0, 'utf8')) as Config
    const onReady = () => tellStarter(encodeReady(), logLine)
    const ended = await serve(config, { signal, onReady })
    if (ended === null) onReady()
    else logLine(`ended: ${ended}`)
    process.exit(0)
  } catch (error) {
    if (signal.aborted) process.exit(0)
    logLine(`ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    tellStarter(encodeFailure(error), logLine)
    process.exit(1)
  }
}
