import { untilAborted } from '../lib/async/abort.ts'
import { syncOnce } from './sync-once.ts'
import type { GuestShell, SyncOptions, SyncPair } from './types.ts'

/** Keeps two folders equal until it is aborted (the signal's reason) or the guest is gone. Errors as of `syncOnce`. */
export async function keepInSync(pair: SyncPair, guest: GuestShell, options: SyncOptions): Promise<void> {
  await syncOnce(pair, guest, options)
  await untilAborted(options.signal, new Promise<void>(() => undefined))
}
