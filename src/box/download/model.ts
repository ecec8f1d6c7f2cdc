import type { Emit } from '../../events/index.ts'
import type { HttpClient } from '../../http/index.ts'
import type { Checksum } from '../../lib/values/checksum.ts'

export interface DownloadRequest {
  /** May hold credentials; these are neither shown nor written down. */
  url: string
  /** What the whole file must hash to; null: it is not checked, which the caller has allowed. */
  checksum: Checksum | null
  /** What is being fetched, for people: `debian/13-cloud 20261120`. */
  what: string
}

export interface DownloadContext {
  /** Where partial downloads lie: a folder on the file system of the store. */
  folder: string
  http: HttpClient
  emit: Emit
  signal: AbortSignal
  limits?: Partial<DownloadLimits>
}

export interface DownloadLimits {
  /** Bytes that a file may have at most. */
  size: number
  /** Bytes that one may have whose length the server does not tell. */
  unknownSize: number
  /** So many bytes have to come in each period of so many milliseconds. */
  slowest: { bytes: number; period: number }
  /** Milliseconds before each further try; a try that brought some MiB is not counted. */
  delays: readonly number[]
}

/** A file that came whole and was checked. */
export interface Downloaded {
  path: string
  size: number
  /** Lower-case hexadecimal, of the whole file. */
  sha256: string
  /** The server's, as a date; null where it gives none. */
  modified: Date | null
  /** Without parameters; null where the server gives none. */
  contentType: string | null
}
