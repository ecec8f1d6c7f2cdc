import type { TokenBucket } from '../../lib/async/token-bucket.ts'
import { type FrameSpan, FrameSplitter, joinFrame, lengthBytes } from '../../lib/net/framing.ts'
import type { Direction } from '../capture/pcapng.ts'
import type { Member } from '../config.ts'
import { type Counters, countDrop } from '../link/counters.ts'
import type { Burst } from '../link/switch.ts'
import type { Services } from '../services/services.ts'
import { Congestion } from './congestion.ts'
import type { PortLink } from './port-link.ts'
import type { ShapedLinks } from './shaped-links.ts'

/** A machine's place on the network. */
export interface Seat {
  member: Member
  link: PortLink
  counters: Counters
  /** Frames to the services. */
  questions: TokenBucket
}

/** Who is shown frames: all that machines send, before anything is made of them, and all that reach them. */
export interface LanTap {
  /** Asked for each frame. */
  readonly active: boolean
  /** @param machine null for the services */
  frame(machine: string | null, direction: Direction, frame: Readonly<FrameSpan>): void
}

/** A piece of a buffer this many times its size is copied before it waits: it would keep the whole alive. */
const largestShare = 4

/** Carries frames from seat to seat: over the way between them, past congestion, and to the services and back. */
export class Carrier {
  readonly #links: ShapedLinks
  readonly #tap: LanTap
  readonly #congestion: Congestion

  /** @param patience milliseconds that a sender waits for a receiver that is full, where it is not the usual time */
  constructor(links: ShapedLinks, tap: LanTap, patience?: number) {
    this.#links = links
    this.#tap = tap
    this.#congestion = new Congestion(patience)
  }

  /** What the switch sends from one machine to another. */
  carry(sender: Seat, receiver: Seat, burst: Burst): void {
    const [a, b] = [sender.member.machine, receiver.member.machine]
    const way = this.#links.shaped(a, b)
    if (way === null) this.#hand(sender, receiver, burst)
    else
      eachFrame(burst.stream, (framed) =>
        this.#links.send(way, framed, (stream) => this.#hand(sender, receiver, { stream, frames: 1 })),
      )
  }

  ask(seat: Seat, services: Services, stream: Buffer): void {
    const { member, counters, questions } = seat
    eachFrame(stream, (framed) => {
      if (!questions.take(performance.now())) countDrop(counters, 'storm')
      else services.receive(member.machine, framed.subarray(lengthBytes), (frame) => this.reply(seat, frame))
    })
  }

  /** A frame of the services'. */
  reply({ counters, link, member }: Seat, frame: Buffer): void {
    if (!link.up || link.isFull) {
      countDrop(counters, link.up ? 'full' : 'down')
      return
    }
    counters.sent.frames += 1
    counters.sent.bytes += frame.length
    if (this.#tap.active) {
      const span = { bytes: frame, start: 0, end: frame.length }
      this.#tap.frame(null, 'sent', span)
      this.#tap.frame(member.machine, 'received', span)
    }
    link.write(joinFrame([frame], frame.length))
  }

  /** What was kept for this link has been sent. */
  drained(link: PortLink): void {
    this.#congestion.drained(link)
  }

  forget(link: PortLink): void {
    this.#congestion.forget(link)
  }

  #hand(sender: Seat, { link, counters, member }: Seat, { stream, frames }: Burst): void {
    if (!link.up) {
      countDrop(counters, 'down', frames)
      return
    }
    if (this.#congestion.isStuck(link)) {
      countDrop(counters, 'full', frames)
      return
    }
    counters.sent.frames += frames
    counters.sent.bytes += stream.length - frames * lengthBytes
    if (this.#tap.active) this.#show(member.machine, stream)
    link.write(stream.length * largestShare < stream.buffer.byteLength ? Buffer.from(stream) : stream)
    if (link.isFull) this.#congestion.hold(sender.link, link)
  }

  #show(machine: string, stream: Buffer): void {
    new FrameSplitter().push(stream, (frame) => this.#tap.frame(machine, 'received', frame))
  }
}

function eachFrame(stream: Buffer, visit: (framed: Buffer) => void): void {
  new FrameSplitter().push(stream, ({ bytes, start, end }) => visit(bytes.subarray(start - lengthBytes, end)))
}
