import { join } from 'node:path'
import { sendCommand } from '../background/client.ts'
import { launchProcess } from '../background/launch.ts'
import { isPosadaError } from '../errors/index.ts'
import { packageRoot } from '../lib/package-root.ts'
import { rotateFile } from '../lib/rotate-file.ts'
import type { ForwarderConfig } from './config.ts'
import type { Forward } from './forwards.ts'

/** Milliseconds. */
const LIMIT = { start: 60_000, answer: 5000 }
/** Bytes over which a start moves the log to `.1`. */
const LOG_LIMIT = 1024 * 1024

/** Starts the process for a machine; resolves when what listens in the guest now is forwarded. E_FORWARDER. */
export async function launchForwarder(
  config: ForwarderConfig,
  { log, signal }: { log: string; signal: AbortSignal },
): Promise<void> {
  await rotateFile(log, LOG_LIMIT)
  await launchProcess({
    file: join(packageRoot(), 'dist', 'forwarder.js'),
    arguments: [config.machine, config.control],
    config,
    log,
    what: 'the process that forwards ports',
    code: 'E_FORWARDER',
    limit: LIMIT.start,
    signal,
  })
}

/** What the process with this control socket forwards now; null where none runs. E_CONTROL where it does not answer. */
export async function askForwards(control: string): Promise<Forward[] | null> {
  const answer = await sendCommand(control, { name: 'ports', timeout: LIMIT.answer })
  return Array.isArray(answer) ? (answer as Forward[]) : null
}

/** Ends the process with this control socket, where one runs. One that hangs ends with the machine. */
export async function endForwarder(control: string): Promise<void> {
  try {
    await sendCommand(control, { name: 'quit', timeout: LIMIT.answer })
  } catch (error) {
    if (!isPosadaError(error, 'E_CONTROL')) throw error
  }
}
