import { connect, type Socket } from 'node:net'
import { FrameSplitter, joinFrame, lengthBytes } from '../../../src/lib/framing.ts'
import type { FrameEvents, FrameLink } from './frame-link.ts'

/** Bytes kept for a peer that does not read; over it the guest's frames wait in its queue. */
const mostUnsent = 2 ** 20

export interface StreamLinkOptions {
  /** The link broke; for the machine's log. It stays down. */
  readonly onDown: (reason: string) => void
  /**
   * Each frame is written by itself, the next once it has gone, in place of all that the guest sends together.
   * passt of 2023 needs that: it loses its place in the stream when a frame reaches it in more than two pieces, or
   * a length in two. The kernel cuts what one call writes every 48 KiB, so one frame makes two pieces at most.
   */
  readonly oneByOne?: boolean
}

/** Frames over a Unix stream socket, each with its 32-bit big-endian length before it: passt, or the project's switch. */
export class StreamLink implements FrameLink {
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter()
  #events: FrameEvents | null = null
  #up = true
  readonly #oneByOne: boolean
  /** A frame waits until the one before it has gone. */
  #waits = false

  private constructor(socket: Socket, options: StreamLinkOptions) {
    this.#socket = socket
    this.#oneByOne = options.oneByOne === true
    socket.on('error', (error) => this.#down(options, error.message))
    socket.on('close', () => this.#down(options, 'the other end closed it'))
  }

  /** Over a socket that is connected already. */
  static over(socket: Socket, options: StreamLinkOptions): StreamLink {
    return new StreamLink(socket, options)
  }

  /** Connects to the socket at `path`; rejects with the system's error. */
  static async connect(path: string, options: StreamLinkOptions): Promise<StreamLink> {
    const socket = connect(path)
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve()
      })
    })
    return new StreamLink(socket, options)
  }

  get up(): boolean {
    return this.#up
  }

  start(events: FrameEvents): void {
    this.#events = events
    this.#socket.on('data', (chunk) => this.#receive(events, chunk))
    if (!this.#oneByOne) this.#socket.on('drain', () => events.writable())
  }

  send(frame: readonly Uint8Array[], length: number): boolean {
    // Without a peer a frame is lost, as on a cable that is not plugged in.
    if (!this.#up) return true
    if (this.#oneByOne) return this.#sendAlone(frame, length)
    if (this.#socket.writableLength > mostUnsent) return false
    this.#gather()
    this.#socket.write(joinFrame(frame, length))
    return true
  }

  /** Node joins what is written while a write is under way, so nothing is. */
  #sendAlone(frame: readonly Uint8Array[], length: number): boolean {
    this.#waits = this.#socket.writableLength > 0
    if (this.#waits) return false
    this.#socket.write(joinFrame(frame, length), () => {
      // It may be told late of a frame that went at once, when the one after it is on its way.
      if (!this.#waits || this.#socket.writableLength > 0) return
      this.#waits = false
      this.#events?.writable()
    })
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

  #receive(events: FrameEvents, chunk: Buffer): void {
    let room = true
    const agreed = this.#splitter.push(chunk, (bytes, start, end) => {
      if (end > start + lengthBytes) room = events.frame(bytes.subarray(start + lengthBytes, end))
    })
    if (!agreed) this.#socket.destroy(new Error('the other end sent what is no frame'))
    else if (!room) this.#socket.pause()
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
