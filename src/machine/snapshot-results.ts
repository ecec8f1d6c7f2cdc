import type { UpMachineResult } from './results.ts'

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

/** What differs between a machine at one snapshot and at another, or now. */
export interface SnapshotDiffResult {
  machine: string
  from: string
  /** Null: now. */
  to: string | null
  /** Bytes of the host's disk that were written on the way from one to the other, whatever they say. */
  disk: number
  /** Whether the memory was saved; of now: whether the machine runs. */
  memory: { from: boolean; to: boolean }
  changes: RecordChange[]
}

/** `from`, `to`: for people; null where there was none. */
export interface RecordChange {
  what: string
  from: string | null
  to: string | null
}

/** A fork of the project, and those of its machines that go on from memory. */
export interface ForkResult {
  name: string
  /** The folder that it lies in. */
  root: string
  machines: UpMachineResult[]
}
