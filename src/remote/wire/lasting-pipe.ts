import { Duplex } from 'node:stream'

/** Bytes that may wait for the other end to say that it has them; more is not taken from who writes. */
const window = 4 * 1024 * 1024
/** A frame's head: what it is, and a number of 64 bits, big-endian: bytes that follow, or bytes that were received in all. */
const headBytes = 9
const kinds = { data: 0, received: 1 } as const
/** Bytes of one frame at most; and bytes, or milliseconds, after which the other end is told what was received. */
const limits = { frame: 16 * 1024 * 1024, tell: 64 * 1024, delay: 20 }

type Taken = (error?: Error | null) => void

/**
 * A stream of bytes that outlives the connections it goes over: what the other end has not confirmed is kept, and sent again
 * over the next one. Of a lost connection whoever writes notices only that it takes longer.
 */
export class LastingPipe extends Duplex {
  #carrier: Duplex | null = null
  #unconfirmed: Buffer[] = []
  #waiting = 0
  #confirmed = 0
  #received = 0
  #told = 0
  #timer: NodeJS.Timeout | undefined
  #taken: Taken | null = null
  #input: Buffer = Buffer.alloc(0)

  constructor() {
    super({ allowHalfOpen: false, highWaterMark: 1024 * 1024 })
  }

  /** Bytes that came in, over whatever connections: what the next one begins with. */
  get received(): number {
    return this.#received
  }

  /** Whether there is a connection now. */
  get isCarried(): boolean {
    return this.#carrier !== null
  }

  /** Whether the other end, having received so much, can go on from there. */
  fits(received: number): boolean {
    return received >= this.#confirmed && received <= this.#confirmed + this.#waiting
  }

  /** Goes on over this connection; the other end has received so much. The one before is ended. */
  carry(carrier: Duplex, received: number): void {
    const before = this.#carrier
    this.#carrier = carrier
    before?.destroy()
    this.#input = Buffer.alloc(0)
    this.#told = this.#received
    this.#confirm(received)
    for (const bytes of this.#unconfirmed) this.#send(kinds.data, bytes.length, bytes)
    carrier.on('data', (bytes: Buffer) => {
      if (this.#carrier === carrier) this.#take(bytes)
    })
    carrier.on('error', () => carrier.destroy())
    carrier.once('end', () => carrier.destroy())
    carrier.once('close', () => {
      if (this.#carrier === carrier) this.#carrier = null
    })
  }

  override _read(): void {
    // What comes is handed on as it comes: the streams within have a flow control of their own.
  }

  override _write(bytes: Buffer, _: BufferEncoding, taken: Taken): void {
    this.#unconfirmed.push(bytes)
    this.#waiting += bytes.length
    this.#send(kinds.data, bytes.length, bytes)
    if (this.#waiting < window) taken()
    else this.#taken = taken
  }

  override _destroy(error: Error | null, done: Taken): void {
    clearTimeout(this.#timer)
    this.#carrier?.destroy()
    this.#unconfirmed = []
    done(error)
  }

  #send(kind: number, value: number, bytes?: Buffer): void {
    const carrier = this.#carrier
    if (carrier === null || carrier.destroyed) return
    const head = Buffer.allocUnsafe(headBytes)
    head.writeUInt8(kind)
    head.writeBigUInt64BE(BigInt(value), 1)
    carrier.write(bytes === undefined ? head : Buffer.concat([head, bytes]))
  }

  #take(bytes: Buffer): void {
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes])
    let at = 0
    while (this.#input.length - at >= headBytes) {
      const kind = this.#input.readUInt8(at)
      const value = Number(this.#input.readBigUInt64BE(at + 1))
      if (kind === kinds.received && this.fits(value)) {
        this.#confirm(value)
        at += headBytes
      } else if (kind === kinds.data && value <= limits.frame) {
        const end = at + headBytes + value
        if (end > this.#input.length) break
        this.#received += value
        this.push(this.#input.subarray(at + headBytes, end))
        at = end
      } else {
        // It does not keep to the protocol.
        this.destroy()
        return
      }
    }
    this.#input = this.#input.subarray(at)
    this.#tell()
  }

  #tell(): void {
    clearTimeout(this.#timer)
    const tell = () => {
      if (this.#told === this.#received) return
      this.#told = this.#received
      this.#send(kinds.received, this.#received)
    }
    if (this.#received - this.#told >= limits.tell) tell()
    else this.#timer = setTimeout(tell, limits.delay)
  }

  #confirm(received: number): void {
    let count = received - this.#confirmed
    this.#confirmed = received
    this.#waiting -= count
    for (let [first] = this.#unconfirmed; count > 0 && first !== undefined; [first] = this.#unconfirmed) {
      if (first.length > count) {
        this.#unconfirmed[0] = first.subarray(count)
        break
      }
      count -= first.length
      this.#unconfirmed.shift()
    }
    const taken = this.#taken
    if (taken === null || this.#waiting >= window) return
    this.#taken = null
    taken()
  }
}
