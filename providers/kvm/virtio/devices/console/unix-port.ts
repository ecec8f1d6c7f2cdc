import { rmSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { GatheredWrites } from '../../../net/gathered-writes.ts'
import { closeServer, listenAt } from '../../../net/listen-at.ts'
import type { PortBackend, PortEvents } from './port-backend.ts'

/** Bytes kept for a client that does not read. */
const mostUnread = 2 ** 20

/**
 * A port of the console as a Unix socket that the host listens on, once `listen` has resolved; one client at a time, a
 * further one waits.
 */
export class UnixPort implements PortBackend {
  readonly name: string
  #server: Server | null = null
  readonly #path: string
  #events: PortEvents | null = null
  #client: { socket: Socket; toClient: GatheredWrites } | null = null
  readonly #waiting: Socket[] = []

  constructor(name: string, path: string) {
    this.name = name
    this.#path = path
  }

  /** Over a socket that an earlier run may have left. */
  async listen(): Promise<void> {
    rmSync(this.#path, { force: true })
    this.#server = await listenAt(this.#path, { pauseOnConnect: true }, (socket) => this.#accept(socket))
  }

  get connected(): boolean {
    return this.#client !== null
  }

  start(events: PortEvents): void {
    this.#events = events
  }

  write(bytes: Uint8Array): boolean {
    if (this.#client === null || this.#client.toClient.pending > mostUnread) return false
    this.#client.toClient.add(bytes)
    return true
  }

  resume(): void {
    this.#client?.socket.resume()
  }

  async close(): Promise<void> {
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    this.#client?.socket.destroy()
    await closeServer(this.#server)
    rmSync(this.#path, { force: true })
  }

  #accept(socket: Socket): void {
    // Without a listener a reset by the client would end the machine; 'close' follows and does the rest.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#left(socket))
    if (this.#client === null) this.#serve(socket)
    else this.#waiting.push(socket)
  }

  #serve(socket: Socket): void {
    this.#client = { socket, toClient: new GatheredWrites(socket, () => this.#events?.writable()) }
    socket.on('data', (bytes) => {
      if (this.#events?.data(bytes) === false) socket.pause()
    })
    socket.resume()
    this.#events?.changed()
    this.#events?.writable()
  }

  #left(socket: Socket): void {
    const index = this.#waiting.indexOf(socket)
    if (index >= 0) this.#waiting.splice(index, 1)
    if (this.#client?.socket !== socket) return
    this.#client = null
    this.#events?.changed()
    const next = this.#waiting.shift()
    if (next !== undefined) this.#serve(next)
  }
}
