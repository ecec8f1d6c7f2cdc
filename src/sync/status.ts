import { join } from 'node:path'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import { lockFile } from '../lib/process/lock-file.ts'
import type { SyncStatus } from './types.ts'

const never: SyncStatus = {
  state: 'stopped',
  behind: 0,
  bytes: 0,
  conflicts: 0,
  scanning: { host: false, guest: false },
  at: 0,
}

/** How a pair stands, as the process that keeps it equal has written it down. */
export async function readSyncStatus(stateDir: string): Promise<SyncStatus> {
  const text = await readTextIfThere(join(stateDir, 'status.json'))
  if (text === null) return never
  const status = JSON.parse(text) as SyncStatus
  if (status.state === 'stopped' || (await isLocked(stateDir))) return status
  return { ...status, state: 'stopped' }
}

export async function writeSyncStatus(stateDir: string, status: SyncStatus): Promise<void> {
  await writeFileAtomic(join(stateDir, 'status.json'), `${JSON.stringify(status)}\n`)
}

/** Held with flock(2) by the process that works on a pair. */
export function lockOf(stateDir: string): string {
  return join(stateDir, 'lock')
}

async function isLocked(stateDir: string): Promise<boolean> {
  const lock = await lockFile(lockOf(stateDir))
  if (lock === 'held') return true
  if (lock !== 'gone') await lock.close()
  return false
}
