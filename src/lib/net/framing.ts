/**
 * Ethernet frames over a stream: each has its length before it, 32 bits, big-endian. QEMU's
 * `-netdev stream`, passt, the built-in hypervisor and the project's switch speak it.
 */
export const lengthBytes = 4

/** Bytes of the largest frame: passt's MTU of 65520 and a header of 14, with 4 for a VLAN tag. */
export const largestFrame = 65520 + 18

/** A length up to this may still be a large frame, which is passed over; a longer one is not a length. */
const largestSkipped = 128 * 1024

/**
 * Where a frame lies: from `start` to `end`, its length in the `lengthBytes` before it. Frames that came in one piece
 * lie in one buffer, one behind the other.
 */
export interface FrameSpan {
  bytes: Buffer
  start: number
  end: number
}

/** Told of each whole frame, always by the same object: keep what is in it, and not itself. */
export type Visit = (frame: Readonly<FrameSpan>) => void

/** Cuts a stream into frames; at most one frame is held back. */
export class FrameSplitter {
  /** Frames that were too large, and were passed over. */
  oversize = 0
  /** What came of the length or the frame that is not whole yet; `#have` bytes of it are filled. */
  #held: Buffer = Buffer.allocUnsafe(lengthBytes)
  #have = 0
  #skip = 0
  readonly #frame: FrameSpan = { bytes: this.#held, start: 0, end: 0 }

  /** False when the stream announces what can be no frame: the two ends no longer agree where one begins. */
  push(chunk: Buffer, visit: Visit): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at)
        this.#skip -= passed
        at += passed
      } else if (this.#have === 0 && chunk.length - at >= lengthBytes) {
        const length = chunk.readUInt32BE(at)
        const end = at + lengthBytes + length
        if (length > largestFrame) {
          if (!this.#passOver(length)) return false
          at += lengthBytes
        } else if (end <= chunk.length) {
          visit(this.#at(chunk, at, end))
          at = end
        } else {
          at += this.#hold(chunk, at, lengthBytes + length)
        }
      } else {
        const taken = this.#fill(chunk, at, visit)
        if (taken < 0) return false
        at += taken
      }
    }
    return true
  }

  /** The frame whose length stands at `at`. */
  #at(bytes: Buffer, at: number, end: number): FrameSpan {
    this.#frame.bytes = bytes
    this.#frame.start = at + lengthBytes
    this.#frame.end = end
    return this.#frame
  }

  #passOver(length: number): boolean {
    if (length > largestSkipped) return false
    this.oversize += 1
    this.#skip = length
    return true
  }

  #hold(chunk: Buffer, at: number, size: number): number {
    this.#held = Buffer.allocUnsafe(size)
    this.#have = chunk.copy(this.#held, 0, at)
    return this.#have
  }

  /** Continues what is held; returns the bytes taken, or -1. */
  #fill(chunk: Buffer, at: number, visit: Visit): number {
    if (this.#have === 0) this.#held = Buffer.allocUnsafe(lengthBytes)
    const taken = chunk.copy(this.#held, this.#have, at, at + this.#held.length - this.#have)
    this.#have += taken
    if (this.#have < this.#held.length) return taken
    if (this.#held.length > lengthBytes) {
      this.#have = 0
      visit(this.#at(this.#held, 0, this.#held.length))
      return taken
    }
    const length = this.#held.readUInt32BE(0)
    if (length > largestFrame) {
      this.#have = 0
      return this.#passOver(length) ? taken : -1
    }
    if (length === 0) {
      this.#have = 0
      visit(this.#at(this.#held, 0, lengthBytes))
      return taken
    }
    const whole = Buffer.allocUnsafe(lengthBytes + length)
    this.#held.copy(whole)
    this.#held = whole
    return taken
  }
}

/** A frame with its length before it, in one buffer of its own. */
export function joinFrame(pieces: readonly Uint8Array[], length: number): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes + length)
  bytes.writeUInt32BE(length, 0)
  let at = lengthBytes
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
