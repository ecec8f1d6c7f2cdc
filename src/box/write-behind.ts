import type { FileHandle } from 'node:fs/promises'

/** Bytes that are written before they are sent on to the disk. */
const portion = 32 * 2 ** 20

/**
 * Sends what is written to a file on to the disk while more of it is still coming, so that the flush at the
 * end has little left to do. `settle` has to be called before the file is closed.
 */
export class WriteBehind {
  readonly #file: Pick<FileHandle, 'datasync'>
  #waiting = 0
  #flushing: Promise<void> | null = null
  #failure: { error: unknown } | null = null

  constructor(file: Pick<FileHandle, 'datasync'>) {
    this.#file = file
  }

  /** Says that so many bytes more were written. */
  wrote(bytes: number): void {
    this.#waiting += bytes
    if (this.#waiting < portion || this.#flushing !== null) return
    this.#waiting = 0
    this.#flushing = this.#flush()
  }

  /** Waits for what is underway. A failure is thrown here: the system tells it once, and no later flush again. */
  async settle(): Promise<void> {
    await this.#flushing
    if (this.#failure !== null) throw this.#failure.error
  }

  async #flush(): Promise<void> {
    try {
      await this.#file.datasync()
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#flushing = null
  }
}
