import type { AnyPath } from '../../lib/files/byte-path.ts'

export interface CopyOptions {
  /** Told after each piece; `total` where it is known. */
  onProgress?: (bytes: number, total?: number) => void
  signal?: AbortSignal
}

/** From a path to a path: one is of the host, the other of the guest. */
export interface Way {
  from: AnyPath
  to: AnyPath
}

export interface CopyResult {
  files: number
  bytes: number
  /** Symbolic links that lead out of what was copied, and entries that are not files; relative, or the guest's path. */
  skipped: string[]
}

/** Counts and tells. */
export class Progress {
  readonly result: CopyResult = { files: 0, bytes: 0, skipped: [] }
  total: number | undefined
  readonly #options: CopyOptions

  constructor(options: CopyOptions) {
    this.#options = options
  }

  /** Throws the signal's reason when the copy has been interrupted. */
  add(bytes: number): void {
    this.#options.signal?.throwIfAborted()
    this.result.bytes += bytes
    if (this.total === undefined) this.#options.onProgress?.(this.result.bytes)
    else this.#options.onProgress?.(this.result.bytes, this.total)
  }

  /** The same for bytes of an archive, which are more than what is in it. */
  upTo(bytes: number): void {
    const room = (this.total ?? Number.POSITIVE_INFINITY) - this.result.bytes
    this.add(Math.max(0, Math.min(bytes, room)))
  }

  /** All has come. */
  finish(files: number, bytes: number): void {
    this.result.files = files
    this.add(bytes - this.result.bytes)
  }
}
