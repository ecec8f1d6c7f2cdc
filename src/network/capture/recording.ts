import type { FrameSpan } from '../../lib/net/framing.ts'
import {
  type Direction,
  interfaceBlock,
  packetBytes,
  sectionBlock,
  statisticsBlock,
  writePacket,
} from './pcapng.ts'
import type { CaptureRequest } from './request.ts'

/** Bytes kept for a reader that is slow; what comes then is missing, and counted. */
const mostUnsent = 8 * 1024 * 1024
/** Bytes that are handed on together. */
const chunkBytes = 64 * 1024

/** Where a recording goes. */
export interface Sink {
  write(bytes: Buffer): unknown
  /** Bytes that it has not passed on yet. */
  readonly writableLength: number
}

/** A place on a network whose frames are recorded: a machine's, or with null that of the services. */
export interface Spot {
  network: string
  machine: string | null
}

interface Interface {
  number: number
  received: number
  drops: number
  /** Drops that no packet has told of yet. */
  untold: number
}

export interface RecordingOptions {
  request: CaptureRequest
  sink: Sink
  /** Those that get an interface from the start; others get one with their first frame. */
  spots: readonly Spot[]
  /** Nanoseconds since 1970. */
  clock?: () => bigint
}

/** A pcapng file of what one reader asked for, an interface a spot. */
export class Recording {
  readonly #request: CaptureRequest
  readonly #sink: Sink
  readonly #clock: () => bigint
  readonly #begun: bigint
  readonly #interfaces = new Map<string, Interface>()
  #chunk = Buffer.allocUnsafe(0)
  #used = 0

  constructor({ request, sink, spots, clock = wallClock() }: RecordingOptions) {
    this.#request = request
    this.#sink = sink
    this.#clock = clock
    this.#begun = clock()
    sink.write(sectionBlock())
    for (const spot of spots) if (this.#directions(spot) !== null) this.#interfaceOf(spot)
  }

  /** A frame, which may lie in a buffer that is used again. */
  frame(spot: Spot, direction: Direction, frame: Readonly<FrameSpan>): void {
    const wanted = this.#directions(spot)
    if (wanted === null || (direction === 'received' && wanted === 'sent')) return
    const its = this.#interfaceOf(spot)
    its.received += 1
    if (this.#sink.writableLength + this.#used > mostUnsent) {
      its.drops += 1
      its.untold += 1
      return
    }
    const { snaplen } = this.#request
    const length = frame.end - frame.start
    const kept = snaplen === 0 ? length : Math.min(snaplen, length)
    this.#makeRoom(packetBytes(kept))
    const [time, drops] = [this.#clock(), its.untold]
    const packet = { interfaceNumber: its.number, time, direction, drops, frame, kept }
    this.#used = writePacket(this.#chunk, this.#used, packet)
    its.untold = 0
  }

  /** Hands on what was recorded. */
  flush(): void {
    if (this.#used === 0) return
    this.#sink.write(this.#chunk.subarray(0, this.#used))
    this.#chunk = this.#chunk.subarray(this.#used)
    this.#used = 0
  }

  /** Writes how much is missing; nothing may be recorded after this. */
  end(): void {
    this.flush()
    const ended = this.#clock()
    for (const { number, received, drops } of this.#interfaces.values())
      this.#sink.write(
        statisticsBlock({ interfaceNumber: number, begun: this.#begun, ended, received, drops }),
      )
  }

  /** Which of the spot's frames are wanted; null for none. */
  #directions({ network, machine }: Spot): 'both' | 'sent' | null {
    const { networks, machines } = this.#request
    if (machine !== null && machines.includes(machine)) return 'both'
    const all = networks.length === 0 && machines.length === 0
    return all || networks.includes(network) ? 'sent' : null
  }

  /** A spot that is new gets an interface where it first appears, which a file may have anywhere. */
  #interfaceOf({ network, machine }: Spot): Interface {
    const name = machine === null ? network : `${network}/${machine}`
    const known = this.#interfaces.get(name)
    if (known !== undefined) return known
    this.flush()
    const what = machine === null ? `the services of ${network}` : `${machine} on ${network}`
    this.#sink.write(interfaceBlock(name, what, this.#request.snaplen))
    const made = { number: this.#interfaces.size, received: 0, drops: 0, untold: 0 }
    this.#interfaces.set(name, made)
    return made
  }

  #makeRoom(bytes: number): void {
    if (this.#chunk.length - this.#used >= bytes) return
    this.flush()
    if (this.#chunk.length < bytes) this.#chunk = Buffer.allocUnsafe(Math.max(chunkBytes, bytes))
  }
}

/** Goes as evenly as the processor's own clock, from the time of day now. */
function wallClock(): () => bigint {
  const offset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
  return () => offset + process.hrtime.bigint()
}
