import type { WebAddress } from '../lib/net/web-address.ts'

/**
 * Base manifests and scripts that have a URL, as posada.lock has them; fetched-files.ts is the real one. What it
 * has not got yet is fetched, and stands in it once `keep` was called.
 */
export interface WebFiles {
  /**
   * What is at an address, from the user's cache where it is there. E_TRANSFER, E_CHECKSUM; E_LOCK_MISMATCH where
   * the server or the manifest has another file than posada.lock, or one URL leads to two.
   */
  get(address: WebAddress, use: WebFileUse): Promise<WebFile>
  /** What was asked for, by URLs without credentials. */
  urls(): string[]
  /** What `keep` would do. */
  moves(): Promise<MovedFile[]>
  /** Writes into posada.lock what was got and is not in it; where the lock is moved, what came of that. */
  keep(): Promise<MovedFile[]>
}

export interface WebFileUse {
  /** For people, after a preposition: `the base manifest`. */
  what: string
  /** Bytes that it may have at most. */
  limit: number
}

export interface WebFile {
  bytes: Uint8Array
}

/** Where posada.lock was moved from and to; `sha256:…`, `from` null where nothing was locked. */
export interface MovedFile {
  /** Without credentials. */
  url: string
  from: string | null
  to: string
  changed: boolean
}
