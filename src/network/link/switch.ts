import { TokenBucket } from '../../lib/async/token-bucket.ts'
import { type FrameSpan, lengthBytes } from '../../lib/net/framing.ts'
import { headerBytes, isGroup, macNumber, sourceOffset } from '../../lib/wire/ethernet.ts'
import { type Counters, countDrop, type DropReason, newCounters } from './counters.ts'
import { ForwardingTable } from './forwarding.ts'
import { guardFrame } from './guard.ts'
import type { Sender } from './sender.ts'

/** Frames to several receivers that a machine may send: bursts of ARP and discovery pass, storms do not. */
const groupPerSecond = 10_000
const groupBurst = 2_000

export interface PortOptions {
  /** Who is at the port: a machine's MAC and addresses. */
  sender: Sender
  /** Whether only frames from these addresses are taken; otherwise others are learned. */
  guarded: boolean
}

/** Frames that came together: `stream` holds them, each behind its length. It shares memory with what was received. */
export interface Burst {
  stream: Buffer
  frames: number
}

/** What the switch hands on. */
export interface SwitchOutput {
  /** Frames for one port. */
  deliver(from: number, to: number, burst: Burst): void
  /** A frame is not carried. */
  refused?(from: number, reason: DropReason): void
}

interface Port {
  number: number
  options: PortOptions
  counters: Counters
  groups: TokenBucket
}

/** Frames of one buffer, one behind the other, on their way from one port to another. */
interface Run {
  from: number
  to: number
  bytes: Buffer
  start: number
  end: number
  frames: number
}

/** No port: the frame is dropped. Every port: it goes to all but its own. */
const noPort = -1
const everyPort = -2

/**
 * A learning Ethernet switch. Pure: frames in, frames out by port; tags and payloads are never changed.
 * Frames that came together and go to the same port leave together, at the next `flush`.
 */
export class Switch {
  readonly #output: SwitchOutput
  readonly #table = new ForwardingTable()
  readonly #ports = new Map<number, Port>()
  #guardedPorts = 0
  #next = 0
  #run: Run = { from: noPort, to: noPort, bytes: Buffer.alloc(0), start: 0, end: 0, frames: 0 }

  constructor(output: SwitchOutput) {
    this.#output = output
  }

  /** The new port's number; numbers are never given twice. */
  addPort(options: PortOptions): number {
    const port = this.#next
    this.#next += 1
    const groups = new TokenBucket(groupPerSecond, groupBurst)
    this.#ports.set(port, { number: port, options, counters: newCounters(), groups })
    this.#table.declare(macNumber(options.sender.mac, 0), port)
    if (options.guarded) this.#guardedPorts += 1
    return port
  }

  removePort(port: number): void {
    if (this.#ports.get(port)?.options.guarded === true) this.#guardedPorts -= 1
    this.#ports.delete(port)
    this.#table.forget(port)
  }

  counters(port: number): Counters {
    return this.#ports.get(port)?.counters ?? newCounters()
  }

  /** Takes a frame from a port, as a FrameSplitter gives it. @param now milliseconds that never go back */
  receive(from: number, frame: Readonly<FrameSpan>, now: number): void {
    const port = this.#ports.get(from)
    const to = port === undefined ? noPort : this.#route(port, frame, now)
    const { bytes, end } = frame
    const start = frame.start - lengthBytes
    const run = this.#run
    const goesOn = to === run.to && from === run.from && bytes === run.bytes && start === run.end
    if (goesOn && run.frames > 0) {
      run.end = end
      run.frames += 1
      return
    }
    this.flush()
    if (to !== noPort) this.#run = { from, to, bytes, start, end, frames: 1 }
  }

  /** Hands on what was received. */
  flush(): void {
    const { from, to, bytes, start, end, frames } = this.#run
    if (frames === 0) return
    this.#run.frames = 0
    const burst = { stream: bytes.subarray(start, end), frames }
    if (to !== everyPort) this.#output.deliver(from, to, burst)
    else for (const port of this.#ports.keys()) if (port !== from) this.#output.deliver(from, port, burst)
  }

  /** The port that the frame goes to, `everyPort` or `noPort`; counts it. */
  #route(port: Port, frame: Readonly<FrameSpan>, now: number): number {
    const { number: from, counters, options } = port
    const { bytes, start, end } = frame
    counters.received.frames += 1
    counters.received.bytes += end - start
    const refuse = (reason: DropReason) => {
      countDrop(counters, reason)
      this.#output.refused?.(from, reason)
      return noPort
    }
    if (end - start < headerBytes) return refuse('runt')
    if (options.guarded) {
      const reason = guardFrame(frame, options.sender)
      if (reason !== null) return refuse(reason)
    } else if (!isGroup(bytes, start + sourceOffset)) {
      this.#table.learn(macNumber(bytes, start + sourceOffset), from, now)
    }
    if (isGroup(bytes, start)) return port.groups.take(now) ? everyPort : refuse('storm')
    const to = this.#table.find(macNumber(bytes, start), now)
    if (to === from) return noPort
    if (to !== undefined) return to
    // Where every port is guarded all addresses are declared, and this one belongs to no port.
    if (this.#guardedPorts === this.#ports.size) return refuse('unknown')
    return port.groups.take(now) ? everyPort : refuse('storm')
  }
}
