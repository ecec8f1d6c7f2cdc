import { join } from 'node:path'
import { endHolder, launchProcess, lockHolder, sendCommand } from '../background/index.ts'
import { isPosadaError } from '../errors/index.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { rotateFile } from '../lib/files/rotate-file.ts'
import type { ForwarderConfig, Forwarding } from './config.ts'

/** Milliseconds. */
const limits = { start: 60_000, answer: 5000 }
/** Bytes over which a start moves the log to `.1`. */
const logLimit = 1024 * 1024

/** Starts the process for a machine; resolves when what listens in the guest now is forwarded. E_FORWARDER. */
export async function launchForwarder(
  config: ForwarderConfig,
  { log, signal }: { log: string; signal: AbortSignal },
): Promise<void> {
  await rotateFile(log, logLimit)
  await launchProcess({
    file: join(packageRoot(), 'dist', 'forwarder.js'),
    arguments: [config.machine, config.control],
    config,
    log,
    what: 'the process that forwards ports',
    code: 'E_FORWARDER',
    limit: limits.start,
    signal,
  })
}

/** What the process with this lock forwards now; null where none runs, or none that answers. */
export async function askForwards(lock: string): Promise<Forwarding | null> {
  const holder = await lockHolder(lock)
  if (holder === null) return null
  try {
    const answer = await sendCommand(holder.control, { name: 'ports', timeout: limits.answer })
    return answer === null ? null : (answer as Forwarding)
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return null
    throw error
  }
}

/** Ends the process with this lock, where one runs. */
export async function endForwarder(lock: string): Promise<void> {
  await endHolder(lock)
}
