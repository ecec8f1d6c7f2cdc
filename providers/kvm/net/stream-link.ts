import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { FrameSplitter, joinFrame, largestFrame, lengthBytes } from '../../../src/lib/net/framing.ts'
import type { FrameEvents, FrameLink } from './frame-link.ts'
import { FrameWriter } from './frame-writer.ts'

/** Bytes kept for a peer that does not read; over it the guest's frames wait in its queue. */
const mostUnsent = 2 ** 20
/** Bytes read in one system call: four of the largest frames. */
const mostAtOnce = 4 * (lengthBytes + largestFrame)

export interface StreamLinkOptions {
  /** The link broke; for the machine's log. It stays down. */
  readonly onDown: (reason: string) => void
}

/** Frames over a Unix stream socket, each with its 32-bit big-endian length before it: passt, or the project's switch. */
export class StreamLink implements FrameLink {
  readonly #socket: Socket
  readonly #writer: FrameWriter | null
  readonly #splitter = new FrameSplitter()
  #events: FrameEvents | null = null
  #up = true

  private constructor(socket: Socket, options: StreamLinkOptions, writer: FrameWriter | null = null) {
    this.#socket = socket
    this.#writer = writer
    socket.on('error', (error) => this.#down(options, error.message))
    socket.on('close', () => this.#down(options, 'the other end closed it'))
  }

  /** Over a socket that is connected already. */
  static over(socket: Socket, options: StreamLinkOptions): StreamLink {
    return new StreamLink(socket, options)
  }

  /**
   * Over a connected socket that is this process's by its descriptor, and the link's from now on: with fewer copies, and
   * each frame written by itself (FrameWriter).
   */
  static overDescriptor(fd: number, options: StreamLinkOptions): StreamLink {
    // Nothing is read before the link is there: that takes a turn of the event loop.
    const callback = (length: number, bytes: Uint8Array): boolean =>
      link.#received(Buffer.from(bytes.buffer, bytes.byteOffset, length))
    const onread = { buffer: Buffer.allocUnsafeSlow(mostAtOnce), callback }
    // The types leave onread out here; net.connect hands its own to the same constructor.
    const socket = new Socket(Object.assign({ fd }, { onread }))
    const link = new StreamLink(socket, options, new FrameWriter(socket, fd))
    return link
  }

  /** Connects to the socket at `path`; rejects with the system's error. */
  static async connect(path: string, options: StreamLinkOptions): Promise<StreamLink> {
    const socket = connect(path)
    await once(socket, 'connect')
    return new StreamLink(socket, options)
  }

  get up(): boolean {
    return this.#up
  }

  start(events: FrameEvents): void {
    this.#events = events
    if (this.#writer === null) {
      this.#socket.on('data', (chunk) => {
        if (!this.#received(chunk)) this.#socket.pause()
      })
      this.#socket.on('drain', () => events.writable())
    } else {
      this.#writer.onWritable = () => this.#events?.writable()
    }
  }

  send(frame: readonly Uint8Array[], length: number): boolean {
    // Without a peer a frame is lost, as on a cable that is not plugged in.
    if (!this.#up) return true
    if (this.#writer !== null) return this.#writer.write(frame, length)
    if (this.#socket.writableLength > mostUnsent) return false
    this.#gather()
    this.#socket.write(joinFrame(frame, length))
    return true
  }

  /** Frames that the guest sends together cross in one system call. */
  #gather(): void {
    if (this.#socket.writableCorked > 0) return
    this.#socket.cork()
    process.nextTick(() => this.#socket.uncork())
  }

  resume(): void {
    this.#socket.resume()
  }

  async close(): Promise<void> {
    this.#events = null
    this.#socket.destroy()
  }

  /** False asks the peer to wait. Frames that come before `start` are lost, as there is no guest yet. */
  #received(chunk: Buffer): boolean {
    let room = true
    const agreed = this.#splitter.push(chunk, ({ bytes, start, end }) => {
      if (end === start || this.#events === null) return
      room = this.#events.frame(bytes.subarray(start, end))
    })
    if (!agreed) this.#socket.destroy(new Error('the other end sent something that is not a frame'))
    return room
  }

  #down(options: StreamLinkOptions, reason: string): void {
    if (!this.#up) return
    this.#up = false
    if (this.#events === null) return
    options.onDown(reason)
    this.#events.changed()
    this.#events.writable()
  }
}
