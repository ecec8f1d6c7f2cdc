import { formatSize } from '../lib/values/units.ts'
import { passes } from './pass.ts'
import { textOf } from './paths.ts'
import { flush, withSession } from './session.ts'
import { StatusWriter } from './status.ts'
import type { GuestShell, SyncOptions, SyncPair, SyncReport } from './types.ts'

/**
 * One full reconciliation. E_SYNC_BUSY where another process has the pair, E_SYNC_ROOT where a folder is missing, was
 * emptied or replaced, E_SYNC_GUEST where the guest lacks a tool or its side fails; the signal's reason.
 */
export async function syncOnce(pair: SyncPair, guest: GuestShell, options: SyncOptions): Promise<SyncReport> {
  const status = new StatusWriter(pair.stateDir)
  try {
    return await withSession({ pair, shell: guest, options }, async (session) => {
      const tell = reporter(options)
      status.set({ state: 'syncing' })
      const progress = (behind: number, bytes: number) => {
        status.set({ behind, bytes })
        tell(behind, bytes)
      }
      const { toGuest, toHost, conflicts, skipped, again } = await passes(session, 'all', { progress })
      await flush(session)
      status.set({ behind: 0, bytes: 0, conflicts })
      const left = again.map((path) => ({ path: textOf(path), why: unsettled }))
      return { toGuest, toHost, conflicts, skipped: [...skipped, ...left] }
    })
  } finally {
    await status.end()
  }
}

export const unsettled = 'it kept changing while it was being copied'

/** Milliseconds between two. */
const pace = 100

/** Tells how many changes are left, as progress. */
export function reporter({ emit, machine }: SyncOptions): (behind: number, bytes: number) => void {
  let most = 0
  let last = 0
  return (behind, bytes) => {
    const isDue = behind === 0 || behind > most || performance.now() > last + pace
    most = Math.max(most, behind)
    if (most === 0 || !isDue) return
    last = performance.now()
    emit({
      type: 'progress',
      step: 'sync',
      message: bytes === 0 ? 'files' : `files, ${formatSize(bytes)} to go`,
      done: most - behind,
      total: most,
      unit: 'items',
      ...(machine === undefined ? {} : { machine }),
    })
    if (behind === 0) most = 0
  }
}
