import { Transform, type TransformCallback } from 'node:stream'

/** Shorter values are words that stand everywhere: hiding them would hide what is said. */
export const shortestSecret = 4
const hidden = Buffer.from('***')

/** A stream of a `Masker`. */
export class Masking extends Transform {
  readonly #masker: Masker

  constructor(secrets: readonly string[]) {
    super()
    this.#masker = new Masker(secrets)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(null, this.#masker.pass(chunk))
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#masker.end())
  }
}

/**
 * Passes bytes on, with `***` in place of each secret value and of each line of it, however the bytes are cut. Bytes
 * that may be the beginning of one wait for what follows; the longest value bounds how many.
 */
export class Masker {
  readonly #values: readonly Buffer[]
  #held: Buffer = Buffer.alloc(0)

  constructor(secrets: readonly string[]) {
    this.#values = secretValues(secrets).map((value) => Buffer.from(value))
  }

  pass(chunk: Buffer): Buffer {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    return this.#release(false)
  }

  /** What still waits. */
  end(): Buffer {
    return this.#release(true)
  }

  #release(isEnd: boolean): Buffer {
    const released: Buffer[] = []
    for (;;) {
      const found = this.#first()
      // What may become a longer value, from there on or from before it, waits.
      const waits = isEnd ? 0 : this.#beginning()
      if (found === null || this.#held.length - waits <= found.at) break
      released.push(this.#held.subarray(0, found.at), hidden)
      this.#held = this.#held.subarray(found.at + found.length)
    }
    const kept = isEnd ? 0 : this.#beginning()
    const sure = this.#held.length - kept
    released.push(this.#held.subarray(0, sure))
    this.#held = this.#held.subarray(sure)
    return Buffer.concat(released)
  }

  /** The first value in what is held, the longest of those that begin there. */
  #first(): { at: number; length: number } | null {
    let first: { at: number; length: number } | null = null
    for (const { at, length } of this.#values.map((value) => ({
      at: this.#held.indexOf(value),
      length: value.length,
    })))
      if (at >= 0 && (first === null || at < first.at)) first = { at, length }
    return first
  }

  /** How many of the last bytes may be the beginning of a value. */
  #beginning(): number {
    let most = 0
    for (const value of this.#values)
      for (let length = Math.min(value.length - 1, this.#held.length); length > most; length--)
        if (this.#held.subarray(-length).equals(value.subarray(0, length))) most = length
    return most
  }
}

/** The same for a text that is there whole. */
export function maskedText(text: string, secrets: readonly string[]): string {
  return secretValues(secrets).reduce((left, value) => left.replaceAll(value, '***'), text)
}

/** What is masked for these values, longest first: each, and each line of one with several. */
export function secretValues(secrets: readonly string[]): string[] {
  const all = secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)])
  const long = new Set(all.filter((value) => value.length >= shortestSecret))
  return [...long].sort((a, b) => b.length - a.length)
}
