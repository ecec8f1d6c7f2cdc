import type { Readable, Writable } from 'node:stream'
import type { Emit } from '../events/index.ts'

/** A folder of the host and one in a guest that are kept equal. */
export interface SyncPair {
  /** Absolute, on the host. It has to be there. */
  from: string
  /** Absolute, in the guest. It is made where it is missing. */
  to: string
  /** What stays behind on both sides, in gitignore(5)'s syntax. */
  exclude: readonly string[]
  /** Whether `.gitignore` and `.posadaignore` files say what stays behind. */
  ignoreFiles: boolean
  /** Whether `.git` is synced. */
  git: boolean
  /** Whether text that both sides changed is merged where the hunks do not overlap. */
  merge: boolean
  /** Absolute, on the host, of this pair alone: the common ancestor, trash, conflicts, lock and status. */
  stateDir: string
}

/** The streams of a command that runs in the guest. */
export interface GuestChannel {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Its exit code; null where the channel broke off. Never rejects. */
  exit: Promise<number | null>
  /** Ends it, also one that hangs. */
  close(): void
}

/** What starts commands in a guest: over SSH, or, in tests, a shell of this host. */
export interface GuestShell {
  /** Starts a POSIX shell's command line as the user that the folder in the guest belongs to. Rejects where it cannot. */
  open(command: string, signal?: AbortSignal): Promise<GuestChannel>
}

export interface SyncOptions {
  emit: Emit
  signal: AbortSignal
  /** The machine's name, for events. */
  machine?: string
}

/** What one reconciliation did. Sizes in bytes. */
export interface SyncReport {
  toGuest: SyncCount
  toHost: SyncCount
  /** How many paths are in conflict now. */
  conflicts: number
  /** What was left out, and why: pipes, sockets, devices, other file systems, names that clash. */
  skipped: readonly Skipped[]
}

export interface SyncCount {
  /** Files, folders and links that were made or replaced. */
  written: number
  removed: number
  bytes: number
}

export interface Skipped {
  path: string
  why: string
}

export interface SyncStatus {
  /** `stopped`: no process keeps the folders equal now. */
  state: 'in step' | 'syncing' | 'stopped'
  /** Changes that are known and not carried yet. */
  behind: number
  /** Bytes that are still to be carried. */
  bytes: number
  conflicts: number
  /** Sides whose changes are found by looking at all of them every few seconds, because events are not available or too many. */
  scanning: { host: boolean; guest: boolean }
  /** Milliseconds since 1970; 0 where nothing was ever synced. */
  at: number
}

/** One side's version of a path. */
export interface Version {
  kind: 'file' | 'folder' | 'link'
  /** Permission bits. */
  mode: number
  size: number
}

/** A path that both sides changed. Each keeps its version until it is resolved; null: it was deleted there. */
export interface Conflict {
  path: string
  mine: Version | null
  theirs: Version | null
  /** Milliseconds since 1970. */
  since: number
}

/** `mine`: the host's version; `theirs`: the guest's; `newest`: what was changed last, by each side's own clock. */
export type Resolution = 'mine' | 'theirs' | 'newest'

/** What was replaced or deleted. */
export interface TrashItem {
  path: string
  /** Where it was replaced or deleted. */
  side: 'host' | 'guest'
  kind: 'file' | 'folder' | 'link'
  size: number
  /** Milliseconds since 1970. */
  at: number
}
