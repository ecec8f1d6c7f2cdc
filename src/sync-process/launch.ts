import { join } from 'node:path'
import { endHolder, launchProcess, lockHolder, sendCommand } from '../background/index.ts'
import { isPosadaError } from '../errors/index.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { rotateFile } from '../lib/files/rotate-file.ts'
import type { SyncConfig, Syncing } from './config.ts'

/** Milliseconds. */
const limits = { start: 60_000, answer: 5000 }
/** With a hundred thousand files it stays below 120 MiB so, where V8 by itself takes twice that. */
const flags = ['--max-semi-space-size=2', '--optimize-for-size']
/** Bytes over which a start moves the log to `.1`. */
const logLimit = 1024 * 1024

/** Starts the process for a machine; resolves when it runs. E_SYNC_PROCESS. */
export async function launchSync(
  config: SyncConfig,
  { log, signal }: { log: string; signal: AbortSignal },
): Promise<void> {
  await rotateFile(log, logLimit)
  await launchProcess({
    file: join(packageRoot(), 'dist', 'sync.js'),
    flags,
    arguments: [config.machine, config.control],
    config,
    log,
    what: 'the process that syncs folders',
    code: 'E_SYNC_PROCESS',
    limit: limits.start,
    signal,
  })
}

/** What the process with this lock does now; null where none runs, or none that answers. */
export async function askSync(lock: string): Promise<Syncing | null> {
  const holder = await lockHolder(lock)
  if (holder === null) return null
  try {
    const answer = await sendCommand(holder.control, { name: 'folders', timeout: limits.answer })
    return answer === null ? null : (answer as Syncing)
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return null
    throw error
  }
}

/** Ends the process with this lock, where one runs. */
export async function endSync(lock: string): Promise<void> {
  await endHolder(lock)
}
