import { rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { FrameSpan } from '../../lib/net/framing.ts'
import type { Direction } from '../capture/pcapng.ts'
import { Recording, type Spot } from '../capture/recording.ts'
import { parseCaptureRequest } from '../capture/request.ts'

const longestRequest = 64 * 1024
const mostReaders = 8
/** Milliseconds that a reader may take for the end of its file when the process ends. */
const farewell = 500

/**
 * Serves captures over a Unix socket: whoever connects sends a CaptureRequest as a line of JSON, and is
 * sent a pcapng file that goes on until one side ends it.
 */
export class CaptureServer {
  readonly #spots: () => readonly Spot[]
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #recordings = new Map<Socket, Recording>()
  #flushing = false

  private constructor(spots: () => readonly Spot[]) {
    this.#spots = spots
    // Whoever has heard enough closes its side, and is then told what is missing.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
    this.#server.maxConnections = mostReaders
  }

  /** @param spots those there are now; others may appear later */
  static async listen(path: string, spots: () => readonly Spot[]): Promise<CaptureServer> {
    const captures = new CaptureServer(spots)
    await rm(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      captures.#server.once('error', reject)
      captures.#server.listen(path, resolve)
    })
    return captures
  }

  /** Whether anybody listens; asked for each frame. */
  get any(): boolean {
    return this.#recordings.size > 0
  }

  frame(spot: Spot, direction: Direction, frame: Readonly<FrameSpan>): void {
    for (const recording of this.#recordings.values()) recording.frame(spot, direction, frame)
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      for (const recording of this.#recordings.values()) recording.flush()
    })
  }

  /** Ends all files. A reader that does not read the end of its own keeps no one waiting for long. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) {
      if (this.#recordings.has(socket)) this.#end(socket)
      else if (!socket.writableEnded) socket.destroy()
    }
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, farewell)
    await closed
    clearTimeout(timer)
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    let asked = ''
    const read = (bytes: Buffer) => {
      asked += bytes.toString()
      const end = asked.indexOf('\n')
      if (end >= 0) {
        socket.off('data', read).resume()
        this.#begin(socket, asked.slice(0, end))
      } else if (asked.length > longestRequest) socket.destroy()
    }
    socket.on('data', read)
    socket.on('error', () => socket.destroy())
    socket.once('end', () => this.#end(socket))
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#recordings.delete(socket)
    })
  }

  #begin(socket: Socket, line: string): void {
    const request = parseCaptureRequest(line)
    if (request === null) socket.destroy()
    else this.#recordings.set(socket, new Recording({ request, sink: socket, spots: this.#spots() }))
  }

  #end(socket: Socket): void {
    if (socket.writableEnded) return
    this.#recordings.get(socket)?.end()
    this.#recordings.delete(socket)
    socket.end(() => socket.destroy())
  }
}
