import { largestFrame } from './frame-link.ts'

/** Bytes of the length before each frame on a stream: 32 bits, big-endian (QEMU `-netdev stream`, passt). */
export const lengthBytes = 4

/**
 * Cuts a stream into frames. `push` returns the frames that became whole; null when the stream announces one
 * longer than any can be: the two ends no longer agree where a frame begins, so it must be given up.
 */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0)
  /** Chunks of a frame that is not whole yet, so that a long frame is put together once. */
  #parts: Buffer[] = []
  #missing = 0

  push(chunk: Buffer): Uint8Array[] | null {
    if (this.#missing > chunk.length) {
      this.#parts.push(chunk)
      this.#missing -= chunk.length
      return []
    }
    const stream = Buffer.concat([this.#rest, ...this.#parts, chunk])
    this.#parts = []
    this.#missing = 0
    const frames: Uint8Array[] = []
    let at = 0
    while (at + lengthBytes <= stream.length) {
      const length = stream.readUInt32BE(at)
      if (length > largestFrame) return null
      if (at + lengthBytes + length > stream.length) {
        this.#missing = at + lengthBytes + length - stream.length
        break
      }
      if (length > 0) frames.push(stream.subarray(at + lengthBytes, at + lengthBytes + length))
      at += lengthBytes + length
    }
    this.#rest = stream.subarray(at)
    return frames
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
