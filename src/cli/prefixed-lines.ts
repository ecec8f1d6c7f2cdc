import { Writable } from 'node:stream'

/** A line longer than this is passed on in pieces. */
const lineLimit = 64 * 1024

/**
 * Writes what comes in whole lines to `stream`, each behind a prefix, so that the output of several
 * programs does not get mixed up within a line. A last line without a line feed is given one.
 */
export class PrefixedLines extends Writable {
  readonly #stream: Writable
  readonly #prefix: string
  #rest = Buffer.alloc(0)

  constructor(stream: Writable, prefix: string) {
    super()
    this.#stream = stream
    this.#prefix = prefix
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const text = Buffer.concat([this.#rest, chunk])
    const whole = text.lastIndexOf(10) + 1
    const end = text.length - whole > lineLimit ? text.length : whole
    this.#rest = text.subarray(end)
    this.#pass(text.subarray(0, end), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#pass(this.#rest, done)
  }

  #pass(text: Buffer, done: (error?: Error | null) => void): void {
    if (text.length === 0) {
      done()
      return
    }
    const lines = text.toString('latin1').replace(/\n$/, '').split('\n')
    const prefixed = lines.map((line) => `${Buffer.from(this.#prefix).toString('latin1')}${line}\n`).join('')
    this.#stream.write(Buffer.from(prefixed, 'latin1'), done)
  }
}
