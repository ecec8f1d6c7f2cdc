/** What bringing one folder did. Sizes are bytes. */
export interface FolderResult {
  from: string
  to: string
  type: 'mirror' | 'once' | 'mount'
  toGuest: FolderCount
  toHost: FolderCount
  /** Paths that both sides changed. */
  conflicts: number
  /** What is neither a file nor a folder nor a link, and names that clash. */
  skipped: number
}

interface FolderCount {
  written: number
  removed: number
  bytes: number
}

/** How a folder stands. */
export interface FolderStatus {
  machine: string
  from: string
  to: string
  type: 'mirror' | 'once' | 'mount'
  /** `stopped`: nothing keeps it equal now, or serves it; `copied`, `missing`: of `type: once`; `mounted`: of `type: mount`. */
  state: 'in step' | 'syncing' | 'stopped' | 'copied' | 'missing' | 'mounted'
  /** Changes that are known and not carried over yet, and their bytes. */
  behind: number
  bytes: number
  conflicts: number
  /** Sides that are looked through every few seconds, for they tell of no changes themselves. */
  scanning: { host: boolean; guest: boolean }
  /** ISO 8601; when it was last equal, or copied; null: never. */
  at: string | null
  /** Why it is not being synced, where there is more to say. */
  problem?: string
}
