import { writevSync } from 'node:fs'
import type { Socket } from 'node:net'
import { joinFrame, lengthBytes } from '../../../src/lib/net/framing.ts'

/**
 * Writes frames to a Unix stream socket one at a time, straight out of the guest's memory; what the socket does not take
 * at once is copied and sent later, and the next frame has to wait for it.
 *
 * passt of 2023 needs that as much as speed does: it loses its place in the stream when a frame reaches it in more than
 * two pieces, or a length in two. The kernel cuts what one call writes every 36 KiB (unix_stream_sendmsg, Linux 6.1), so a
 * frame that is written by itself makes two pieces at most, and several together make any number.
 */
export class FrameWriter {
  /** Told once the socket takes frames again, after `write` said false. */
  onWritable: () => void = () => undefined
  readonly #socket: Socket
  readonly #fd: number
  readonly #length = Buffer.alloc(lengthBytes)
  #waits = false

  /** `fd` is the socket's descriptor; nothing else writes to either. */
  constructor(socket: Socket, fd: number) {
    this.#socket = socket
    this.#fd = fd
  }

  /** False: there is no room now, and nothing was taken. */
  write(frame: readonly Uint8Array[], length: number): boolean {
    // Ending, broken or closed: the frame is lost, and the descriptor may belong to something else by now.
    if (!this.#socket.writable) return true
    this.#waits = this.#socket.writableLength > 0
    if (this.#waits) return false
    const written = this.#writeNow(frame, length)
    if (written === lengthBytes + length) return true
    this.#socket.write(joinFrame(frame, length).subarray(written), () => {
      if (!this.#waits) return
      this.#waits = false
      this.onWritable()
    })
    return true
  }

  /** Bytes that the socket has taken. */
  #writeNow(frame: readonly Uint8Array[], length: number): number {
    this.#length.writeUInt32BE(length)
    try {
      return writevSync(this.#fd, [this.#length, ...frame])
    } catch {
      // It is full, or broken, which the socket finds out by itself.
      return 0
    }
  }
}
