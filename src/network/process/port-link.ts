import { connect, type Socket } from 'node:net'
import { FrameSplitter, type Visit } from '../../lib/net/framing.ts'

/** Bytes kept for a machine that does not read as fast as it is sent to. */
const mostUnsent = 512 * 1024
/** Milliseconds between tries to reach a machine: soon after it was announced, and later. */
const retrySoon = 50
const retryLate = 500
const soon = 60_000

export interface PortLinkEvents {
  frame: Visit
  /** The frames of one read are through; so many more were too large and were passed over. */
  burst(oversize: number): void
  /** It is there, or is not. */
  changed(up: boolean): void
  /** What was kept for it is sent. */
  drained(): void
}

/**
 * The cable from the switch to one NIC. The machine's hypervisor listens at a Unix socket; we connect,
 * and again whenever the connection ends, so that either side may be restarted.
 */
export class PortLink {
  readonly #path: string
  readonly #events: PortLinkEvents
  readonly #since = performance.now()
  #socket: Socket | null = null
  #splitter = new FrameSplitter()
  #timer: NodeJS.Timeout | null = null
  #up = false
  #closed = false
  #paused = false

  constructor(path: string, events: PortLinkEvents) {
    this.#path = path
    this.#events = events
    this.#connect()
  }

  get up(): boolean {
    return this.#up
  }

  /** More waits for the machine than is kept. */
  get isFull(): boolean {
    return this.#socket !== null && this.#socket.writableLength > mostUnsent
  }

  /** Frames with their lengths; they may share memory with a buffer that is not written to any more. */
  write(stream: Buffer): void {
    const socket = this.#socket
    if (socket === null || !this.#up) return
    if (socket.writableCorked === 0) {
      // What arrives together for one machine leaves in one system call.
      socket.cork()
      process.nextTick(() => socket.uncork())
    }
    socket.write(stream)
  }

  /** What the machine sends waits in its own queue until `resume`. */
  pause(): void {
    this.#paused = true
    this.#socket?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket?.resume()
  }

  close(): void {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#socket?.destroy()
    this.#socket = null
    this.#up = false
  }

  #connect(): void {
    const socket = connect(this.#path)
    this.#socket = socket
    this.#splitter = new FrameSplitter()
    socket.on('connect', () => {
      this.#up = true
      if (this.#paused) socket.pause()
      this.#events.changed(true)
    })
    socket.on('data', (chunk: Buffer) => this.#receive(socket, chunk))
    socket.on('drain', () => this.#events.drained())
    // The reason does not matter: whatever it was, the next try tells.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#again())
  }

  #receive(socket: Socket, chunk: Buffer): void {
    const before = this.#splitter.oversize
    const agreed = this.#splitter.push(chunk, this.#events.frame)
    this.#events.burst(this.#splitter.oversize - before)
    if (!agreed) socket.destroy()
  }

  #again(): void {
    if (this.#closed) return
    const wasUp = this.#up
    this.#up = false
    this.#socket = null
    if (wasUp) {
      this.#events.changed(false)
      this.#events.drained()
    }
    const wait = wasUp || performance.now() - this.#since < soon ? retrySoon : retryLate
    this.#timer = setTimeout(() => this.#connect(), wait)
  }
}
