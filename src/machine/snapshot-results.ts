/** A machine that was saved. */
export interface SavedResult {
  machine: string
  name: string
  /** Whether what it had in memory is in it: it ran, or was suspended. */
  memory: boolean
}

export interface RestoredResult {
  machine: string
  name: string
  state: 'running' | 'stopped'
}

export interface SnapshotResult {
  machine: string
  name: string
  note: string | null
  /** ISO 8601. */
  at: string
  /** The name of the one that it came after; null where there is none. */
  parent: string | null
  /** How many it lies on, by names. */
  depth: number
  /** Whether what the machine had in memory is in it. */
  memory: boolean
  /** Bytes that it takes of the host's disk. */
  size: number
  /** Whether the machine was last saved as it, or restored to it. */
  current: boolean
}
