import { askHolder, launchCompanion } from '../background/index.ts'
import type { SettleAnswer } from './answers.ts'
import type { Settled, SyncConfig, Syncing } from './config.ts'

const kind = {
  name: 'sync',
  what: 'the process that syncs folders',
  code: 'E_SYNC_PROCESS',
  // With a hundred thousand files it stays below 120 MiB so, where V8 by itself takes twice that.
  flags: ['--max-semi-space-size=2', '--optimize-for-size'],
} as const

/** Starts the process for a machine; resolves when it runs. E_SYNC_PROCESS. */
export async function launchSync(
  config: SyncConfig,
  options: { log: string; signal: AbortSignal },
): Promise<void> {
  await launchCompanion(kind, config, options)
}

/** What the process with this lock does now; null where none runs, or none that answers. */
export async function askSync(lock: string): Promise<Syncing | null> {
  return (await askHolder(lock, 'folders')) as Syncing | null
}

/** Milliseconds that making a folder equal may take: a large tree may just be coming. */
const patience = 3_600_000

/** Has the process with this lock make a folder, by its path in the guest, equal as it is now; null where it cannot. */
export async function settleSync(lock: string, to: string, signal: AbortSignal): Promise<Settled | null> {
  const order = { name: 'settle', arguments: { to }, timeout: patience, signal }
  const answer = (await askHolder(lock, order)) as SettleAnswer | null
  return answer?.report ?? null
}
