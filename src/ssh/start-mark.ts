import { Transform, type TransformCallback } from 'node:stream'

/** Bytes of stderr that may come before the mark: a login shell's start files can be talkative. */
const LIMIT = 64 * 1024

/**
 * Takes the line `<mark> <process id>` out of a command's stderr and lets everything else through,
 * byte for byte. Once it came, or is not to be expected any more, nothing is held back.
 */
export class StartMark extends Transform {
  readonly #mark: Buffer
  #held: Buffer = Buffer.alloc(0)
  #seen = 0
  #done = false
  #onPid: (pid: number) => void

  constructor(mark: string, onPid: (pid: number) => void) {
    super()
    this.#mark = Buffer.from(`${mark} `)
    this.#onPid = onPid
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#done) {
      done(null, chunk)
      return
    }
    this.#seen += chunk.length
    this.#held = Buffer.concat([this.#held, chunk])
    const at = this.#held.indexOf(this.#mark)
    const end = at < 0 ? -1 : this.#held.indexOf(10, at)
    if (end >= 0) {
      this.#onPid(Number.parseInt(this.#held.toString('latin1', at + this.#mark.length, end), 10))
      this.#release(Buffer.concat([this.#held.subarray(0, at), this.#held.subarray(end + 1)]))
    } else if (this.#seen > LIMIT) {
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
