import type { SyncPair, TrashItem } from './types.ts'

/** What was replaced or deleted by the synchronization of a pair, the latest first. */
export async function listTrash(_stateDir: string): Promise<TrashItem[]> {
  return []
}

/**
 * Puts the latest version of what patterns name (gitignore(5)) back into the host's folder, where nothing has taken its
 * place; returns what was put back.
 */
export async function restoreFromTrash(_pair: SyncPair, _patterns: readonly string[]): Promise<TrashItem[]> {
  return []
}
