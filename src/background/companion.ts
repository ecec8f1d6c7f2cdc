import { join } from 'node:path'
import { isPosadaError } from '../errors/index.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { rotateFile } from '../lib/files/rotate-file.ts'
import { type Command, sendCommand } from './client.ts'
import type { CompanionConfig } from './companion-process.ts'
import { type LaunchOptions, launchProcess } from './launch.ts'
import { lockHolder } from './process-lock.ts'

/** Milliseconds. */
const limits = { start: 60_000, answer: 5000 }
/** Bytes over which a start moves the log to `.1`. */
const logLimit = 1024 * 1024

type CompanionKind = Pick<LaunchOptions, 'what' | 'code' | 'flags'> & { name: string }

/**
 * Starts a process that serves one machine, dist/`name`.js; resolves when it is ready.
 *
 * @throws PosadaError what it failed of, or `code`
 */
export async function launchCompanion(
  { name, ...kind }: CompanionKind,
  config: CompanionConfig,
  { log, signal }: { log: string; signal: AbortSignal },
): Promise<void> {
  await rotateFile(log, logLimit)
  await launchProcess({
    ...kind,
    file: join(packageRoot(), 'dist', `${name}.js`),
    arguments: [config.machine, config.control],
    config,
    log,
    limit: limits.start,
    signal,
  })
}

/** What the process with this lock answers to a command; null where none runs, or none that answers. */
export async function askHolder(lock: string, command: string | Command): Promise<unknown> {
  const holder = await lockHolder(lock)
  if (holder === null) return null
  const order = typeof command === 'string' ? { name: command, timeout: limits.answer } : command
  try {
    return await sendCommand(holder.control, order)
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return null
    throw error
  }
}
