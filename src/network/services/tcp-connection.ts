import { randomInt } from 'node:crypto'
import { flag, type TcpSegment } from '../../lib/wire/tcp.ts'

/** Bytes of a segment, and that we take at once. */
const largestSegment = 1460
const window = 8192
/** Milliseconds until what was not acknowledged is sent again, and how often. */
const again = { after: 400, most: 5 }
/** Milliseconds that a connection may be silent. */
const patience = 10_000
const nothing = new Uint8Array(0)

export interface ConnectionEnds {
  send(segment: TcpSegment): void
  /** What the other side said, in order. */
  received(bytes: Uint8Array): void
  /** The other side has said all. It may still hear: `close` ends the connection. */
  finished(): void
  /** It is over, in whatever way. */
  closed(): void
}

/**
 * The passive side of one TCP connection (RFC 9293), as much of it as short questions and answers on a link need:
 * segments out of order are asked for again, nothing is scaled, and all that was not acknowledged is sent again.
 */
export class TcpConnection {
  readonly #ends: ConnectionEnds
  readonly #ports: { from: number; to: number }
  /** Next byte that is expected, and of ours the first that is not acknowledged and the next to send. */
  #expected: number
  #unacknowledged: number
  #next: number
  #theirWindow: number
  /** From `#unacknowledged` on; without the SYN and the FIN. */
  #outgoing: Buffer = Buffer.alloc(0)
  #state: 'opening' | 'open' | 'ended' = 'opening'
  #heardEnd = false
  #closing = false
  #sentEnd = false
  #tries = 0
  #resend: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined

  constructor(syn: TcpSegment, ends: ConnectionEnds) {
    this.#ends = ends
    this.#ports = { from: syn.to, to: syn.from }
    this.#expected = (syn.sequence + 1) >>> 0
    this.#unacknowledged = randomInt(0x1_0000_0000)
    this.#next = (this.#unacknowledged + 1) >>> 0
    this.#theirWindow = syn.window
    this.#listen()
    this.#greet()
  }

  receive(segment: TcpSegment): void {
    if (this.#state === 'ended') return
    if (segment.flags & flag.rst) {
      if (segment.sequence === this.#expected) this.#end()
      return
    }
    this.#listen()
    if (segment.flags & flag.syn) this.#greet()
    else if (segment.flags & flag.ack) this.#take(segment)
  }

  write(bytes: Uint8Array): void {
    if (this.#state === 'ended') return
    this.#outgoing = Buffer.concat([this.#outgoing, bytes])
    this.#flush()
  }

  /** Says all that was written, and then that this was all. */
  close(): void {
    this.#closing = true
    this.#flush()
  }

  /** Ends it at once. */
  reset(): void {
    if (this.#state !== 'ended') this.#send(flag.rst | flag.ack, this.#next)
    this.#end()
  }

  #greet(): void {
    if (this.#state !== 'opening') this.#send(flag.ack, this.#next)
    else this.#send(flag.syn | flag.ack, this.#unacknowledged)
  }

  #take(segment: TcpSegment): void {
    if (!this.#acknowledge(segment)) return
    if (this.#state !== 'open') return
    if (segment.data.length > 0 || segment.flags & flag.fin) {
      const isNext = segment.sequence === this.#expected && !this.#heardEnd
      if (isNext) {
        this.#expected = (this.#expected + segment.data.length) >>> 0
        if (segment.flags & flag.fin) {
          this.#heardEnd = true
          this.#expected = (this.#expected + 1) >>> 0
        }
      }
      this.#send(flag.ack, this.#next)
      if (isNext && segment.data.length > 0) this.#ends.received(segment.data)
      if (isNext && this.#heardEnd) this.#ends.finished()
    }
    this.#flush()
  }

  /** False where it acknowledges what was not sent. */
  #acknowledge({ acknowledgement, window: theirs }: TcpSegment): boolean {
    const sent = (this.#next - this.#unacknowledged) >>> 0
    const taken = (acknowledgement - this.#unacknowledged) >>> 0
    // More than was sent: one from before, which says nothing new.
    if (taken > sent) return this.#state === 'open'
    this.#theirWindow = theirs
    if (taken === 0) return this.#state === 'open'
    this.#tries = 0
    this.#unacknowledged = acknowledgement
    if (this.#state === 'opening') this.#state = 'open'
    else this.#outgoing = this.#outgoing.subarray(Math.min(taken, this.#outgoing.length))
    if (this.#sentEnd && this.#unacknowledged === this.#next) this.#end()
    return true
  }

  /** Sends what the other side has room for. */
  #flush(): void {
    if (this.#state !== 'open') return
    for (;;) {
      const at = (this.#next - this.#unacknowledged) >>> 0
      const room = Math.min(this.#theirWindow - at, largestSegment, this.#outgoing.length - at)
      if (room <= 0 || this.#sentEnd) break
      const data = this.#outgoing.subarray(at, at + room)
      this.#send(flag.ack | flag.psh, this.#next, data)
      this.#next = (this.#next + room) >>> 0
    }
    const all = (this.#next - this.#unacknowledged) >>> 0 === this.#outgoing.length
    if (this.#closing && all && !this.#sentEnd) {
      this.#sentEnd = true
      this.#send(flag.fin | flag.ack, this.#next)
      this.#next = (this.#next + 1) >>> 0
    }
    this.#watch()
  }

  /** Goes back to what was not acknowledged, where nothing is heard of it. */
  #watch(): void {
    clearTimeout(this.#resend)
    const waits = this.#next !== this.#unacknowledged || this.#outgoing.length > 0
    if (this.#state !== 'open' || !waits) return
    this.#resend = setTimeout(
      () => {
        if (++this.#tries > again.most) {
          this.reset()
          return
        }
        this.#next = this.#unacknowledged
        this.#sentEnd = false
        // A window that was shut is tried with one byte (RFC 9293, 3.8.6.1).
        this.#theirWindow = Math.max(this.#theirWindow, 1)
        this.#flush()
      },
      again.after * 2 ** this.#tries,
    ).unref()
  }

  #listen(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.reset(), patience).unref()
  }

  #send(flags: number, sequence: number, data: Uint8Array = nothing): void {
    this.#ends.send({ ...this.#ports, sequence, acknowledgement: this.#expected, flags, window, data })
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#resend)
    clearTimeout(this.#silence)
    this.#ends.closed()
  }
}
