import type { GuestShell, SyncOptions, SyncPair, SyncReport } from './types.ts'

/**
 * One full reconciliation. E_SYNC_BUSY where another process has the pair, E_SYNC_ROOT where a folder is missing, was
 * emptied or replaced, E_SYNC_GUEST where the guest lacks a tool or its side fails; the signal's reason.
 */
export async function syncOnce(
  _pair: SyncPair,
  _guest: GuestShell,
  _options: SyncOptions,
): Promise<SyncReport> {
  const none = { written: 0, removed: 0, bytes: 0 }
  return { toGuest: none, toHost: none, conflicts: 0, skipped: [] }
}
