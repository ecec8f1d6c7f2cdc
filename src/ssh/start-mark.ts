import { Transform, type TransformCallback } from 'node:stream'

/** Bytes that may come before the mark: a login shell's start files can be talkative. */
const limit = 64 * 1024

export interface StartMarkOptions {
  mark: string
  /** Told what stands behind the mark on its line. */
  onMark?: (text: string) => void
  /** Whether what comes before the mark, from the login shell's start files, is kept from the reader. */
  dropBefore: boolean
}

/**
 * Takes the line that begins with the mark out of a command's output and lets everything else through,
 * byte for byte, what came before it only as `dropBefore` says. Once it came, or is not to be expected
 * any more, nothing is held back.
 */
export class StartMark extends Transform {
  /** Bytes that came so far. */
  seen = 0
  readonly #options: StartMarkOptions
  readonly #mark: Buffer
  #held: Buffer = Buffer.alloc(0)
  #done = false

  constructor(options: StartMarkOptions) {
    super()
    this.#options = options
    this.#mark = Buffer.from(options.mark)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.seen += chunk.length
    if (this.#done) {
      done(null, chunk)
      return
    }
    this.#held = Buffer.concat([this.#held, chunk])
    const at = this.#held.indexOf(this.#mark)
    const end = at < 0 ? -1 : this.#held.indexOf(10, at)
    if (end >= 0) {
      this.#options.onMark?.(this.#held.toString('latin1', at + this.#mark.length, end).trim())
      const before = this.#options.dropBefore ? [] : [this.#held.subarray(0, at)]
      this.#release(Buffer.concat([...before, this.#held.subarray(end + 1)]))
    } else if (this.seen > limit) {
      this.#release(this.#held)
    }
    done()
  }

  override _flush(done: TransformCallback): void {
    if (!this.#done) this.#release(this.#held)
    done()
  }

  #release(bytes: Buffer): void {
    this.#done = true
    this.#held = Buffer.alloc(0)
    if (bytes.length > 0) this.push(bytes)
  }
}
