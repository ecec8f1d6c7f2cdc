import { type FSWatcher, watch } from 'node:fs'
import { within } from '../../lib/async/time-limit.ts'
import { isErrno } from '../../lib/files/errno.ts'

export interface FolderWatch {
  /** Resolves at a change since the last call, or after so many milliseconds; aborted, it throws the signal's reason. */
  change(limit: number, signal?: AbortSignal): Promise<void>
  close(): void
}

/** Hears of what comes into a folder, or goes, and `counts` by its name. Where the system has no watch left, of nothing. */
export function watchFolder(path: string, counts: (name: string) => boolean): FolderWatch {
  const watcher = watcherOf(path)
  let changed = false
  let wake: () => void = () => undefined
  watcher?.on('error', () => undefined)
  watcher?.on('change', (_, name) => {
    if (!counts(String(name))) return
    changed = true
    wake()
  })
  return {
    async change(limit, signal) {
      const heard = new Promise<void>((resolve) => {
        wake = resolve
      })
      if (!changed) await within({ limit, late: () => undefined, signal }, heard)
      changed = false
    },
    close: () => watcher?.close(),
  }
}

function watcherOf(path: string): FSWatcher | null {
  try {
    return watch(path)
  } catch (error) {
    if (isErrno(error, 'ENOSPC', 'EMFILE', 'ENFILE', 'ENOSYS')) return null
    throw error
  }
}
