import type { Socket } from 'node:net'

/**
 * The guest's bytes on their way to a socket of the host, one write at a time: what comes meanwhile is gathered, so that
 * a guest that sends a byte a packet takes memory for its bytes only.
 */
export class GatheredWrites {
  readonly #socket: Socket
  readonly #onWritten: (length: number) => void
  #writing = false
  #gathered = Buffer.alloc(0)
  #length = 0
  #pending = 0
  #onEnd: (() => void) | null = null

  /** @param onWritten told of bytes that the host's end has taken */
  constructor(socket: Socket, onWritten: (length: number) => void) {
    this.#socket = socket
    this.#onWritten = onWritten
  }

  /** Bytes that the host's end has not taken yet. */
  get pending(): number {
    return this.#pending
  }

  /** `bytes` must not change afterwards. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pending += bytes.length
    if (!this.#writing) this.#write(bytes)
    else this.#gather(bytes)
  }

  /** Ends the socket's sending after the last byte; `then` runs once that is done. */
  end(then: () => void = () => undefined): void {
    this.#onEnd = then
    if (!this.#writing) this.#socket.end(then)
  }

  #gather(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length
    if (needed > this.#gathered.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#gathered.length))
      this.#gathered.copy(larger, 0, 0, this.#length)
      this.#gathered = larger
    }
    this.#gathered.set(bytes, this.#length)
    this.#length = needed
  }

  #write(bytes: Uint8Array): void {
    this.#writing = true
    this.#socket.write(bytes, () => {
      this.#writing = false
      this.#pending -= bytes.length
      const next = this.#gathered.subarray(0, this.#length)
      this.#gathered = Buffer.alloc(0)
      this.#length = 0
      if (next.length > 0) this.#write(next)
      else if (this.#onEnd !== null) this.#socket.end(this.#onEnd)
      this.#onWritten(bytes.length)
    })
  }
}
