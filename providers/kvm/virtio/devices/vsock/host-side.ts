import { rmSync } from 'node:fs'
import { connect, type Server, type Socket } from 'node:net'
import { closeServer, listenAt } from '../../../net/listen-at.ts'

/** Bytes within which a host program must have named the port it wants. */
const longestRequest = 32

/**
 * The host's end as Firecracker maps it: a program that connects to the socket at `path` and says
 * `CONNECT <port>\n` reaches that port of the guest, and is told `OK <its port>\n`; a guest that connects to
 * port n of the host reaches the program that listens at `<path>_<n>`.
 */
export class VsockHost {
  readonly #path: string
  #server: Server | null = null
  readonly #open = new Set<Socket>()
  #onRequest: ((port: number, socket: Socket) => void) | null = null

  constructor(path: string) {
    this.#path = path
  }

  /** Over a socket that an earlier run may have left. */
  async listen(): Promise<void> {
    rmSync(this.#path, { force: true })
    // Half-open: an end of the host may stop sending and go on receiving.
    this.#server = await listenAt(this.#path, { allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  /** Called with a paused socket for each program that asks for a port of the guest. */
  onRequest(act: (port: number, socket: Socket) => void): void {
    this.#onRequest = act
  }

  /** Dials what listens for a port of the host; exactly one of the two is called, once. */
  dial(port: number, opened: (socket: Socket) => void, refused: () => void): void {
    const socket = connect({ path: `${this.#path}_${port}`, allowHalfOpen: true })
    this.#watch(socket)
    const refuse = () => refused()
    socket.once('close', refuse)
    socket.once('connect', () => {
      socket.removeListener('close', refuse)
      socket.pause()
      opened(socket)
    })
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await closeServer(this.#server)
    rmSync(this.#path, { force: true })
  }

  #watch(socket: Socket): void {
    this.#open.add(socket)
    // 'close' follows, and is what the others listen to.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#open.delete(socket))
  }

  #accept(socket: Socket): void {
    this.#watch(socket)
    let line = ''
    const leave = () => socket.destroy()
    const read = (bytes: Buffer) => {
      line += bytes.toString('latin1')
      const end = line.indexOf('\n')
      if (end < 0 && line.length < longestRequest) return
      socket.removeListener('data', read)
      socket.removeListener('end', leave)
      socket.pause()
      const port = /^CONNECT (\d{1,10})$/.exec(line.slice(0, Math.max(end, 0)))?.[1]
      if (port === undefined || Number(port) > 0xffff_ffff || this.#onRequest === null) {
        socket.destroy()
        return
      }
      const early = Buffer.from(line.slice(end + 1), 'latin1')
      if (early.length > 0) socket.unshift(early)
      this.#onRequest(Number(port), socket)
    }
    socket.on('data', read)
    socket.on('end', leave)
  }
}
