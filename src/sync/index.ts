/** Two folders, one on the host and one in a guest, that are kept equal in both directions. Knows no machine. */
export { listConflicts, resolveConflicts } from './conflicts.ts'
export { Ignored } from './ignored.ts'
export { keepInSync } from './keep-in-sync.ts'
export { readSyncStatus } from './status.ts'
export { syncOnce } from './sync-once.ts'
export { listTrash, restoreFromTrash } from './trash.ts'
export type {
  Conflict,
  GuestChannel,
  GuestShell,
  Resolution,
  SyncPair,
  SyncReport,
  TrashItem,
} from './types.ts'
