import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { isErrno } from '../lib/files/errno.ts'
import { joinStreams } from '../lib/net/join-streams.ts'
import { openTunnel, type SshSession } from '../ssh/index.ts'
import type { Forward } from './config.ts'
import type { GuestPort } from './guest-ports.ts'

/** Connections at once to one port, and to all: far less than the files that a process may have open. */
const connections = { ofPort: 128, ofAll: 384 }
/** Milliseconds in which whoever listens on this host's loopback takes a connection. */
const answersIn = 1000
/** What is added to a privileged port: 80 becomes 8080, 443 becomes 8443. */
const privileged = { below: 1024, add: 8000 }

export interface ForwardsOptions {
  /** The connection of the moment. */
  session: () => SshSession | null
  /** Ports of the host that are not taken. */
  avoid: ReadonlySet<number>
  tell: (line: string) => void
  most?: typeof connections
}

/**
 * Ports of the host's loopback that lead into a guest over an SSH connection. Each has the guest's
 * own number where that is free, is not among `avoid` and is not privileged; else another, which it
 * keeps as long as this object lives.
 */
export class Forwards {
  readonly #most: typeof connections
  readonly #session: () => SshSession | null
  readonly #avoid: ReadonlySet<number>
  readonly #tell: (line: string) => void
  readonly #open = new Map<
    number,
    { server: Server; sockets: Set<Socket>; hosts: GuestPort['hosts']; hostPort: number }
  >()
  readonly #before = new Map<number, number>()

  constructor({ session, avoid, tell, most = connections }: ForwardsOptions) {
    this.#most = most
    this.#session = session
    this.#avoid = avoid
    this.#tell = tell
  }

  list(): Forward[] {
    const all = [...this.#open].map(([guestPort, { hostPort }]) => ({ hostPort, guestPort }))
    return all.sort((a, b) => a.guestPort - b.guestPort)
  }

  /** Opens what is new and closes what is gone; existing connections to what stays are left alone. */
  async sync(ports: readonly GuestPort[]): Promise<void> {
    const wanted = new Map(ports.map(({ port, hosts }) => [port, hosts]))
    for (const [port, { hosts }] of this.#open)
      if (wanted.get(port)?.join() !== hosts.join()) this.#close(port)
    for (const { port, hosts } of ports) if (!this.#open.has(port)) await this.#openOne(port, hosts)
  }

  async #openOne(guestPort: number, hosts: GuestPort['hosts']): Promise<void> {
    const sockets = new Set<Socket>()
    // A side that has said all may still hear: both ends are closed on their own.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      if (this.#connections >= this.#most.ofAll) {
        socket.destroy()
        return
      }
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      this.#connect(socket, hosts, guestPort)
    })
    server.maxConnections = this.#most.ofPort
    const hostPort = await this.#listen(server, guestPort)
    // A connection that could not be taken; the next may be.
    server.on('error', (error) => this.#tell(`127.0.0.1:${hostPort}: ${error.message}`))
    this.#before.set(guestPort, hostPort)
    this.#open.set(guestPort, { server, sockets, hosts, hostPort })
    this.#tell(`127.0.0.1:${hostPort} leads to ${guestPort}`)
  }

  get #connections(): number {
    return [...this.#open.values()].reduce((sum, { sockets }) => sum + sockets.size, 0)
  }

  async #listen(server: Server, guestPort: number): Promise<number> {
    const own = guestPort < privileged.below ? guestPort + privileged.add : guestPort
    const wanted = [this.#before.get(guestPort), own].filter((port) => port !== undefined)
    for (const port of wanted.filter((one) => !this.#avoid.has(one))) {
      if (!(await answers(port)) && (await tryListen(server, port))) return port
    }
    for (;;) {
      if (!(await tryListen(server, 0))) continue
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      if (!this.#avoid.has(port)) return port
      await new Promise((resolve) => server.close(resolve))
    }
  }

  #close(guestPort: number): void {
    const found = this.#open.get(guestPort)
    if (found === undefined) return
    this.#open.delete(guestPort)
    found.server.close()
    for (const socket of found.sockets) socket.destroy()
    this.#tell(`127.0.0.1:${found.hostPort} no longer leads to ${guestPort}`)
  }

  async #connect(socket: Socket, hosts: GuestPort['hosts'], port: number): Promise<void> {
    socket.on('error', () => socket.destroy())
    try {
      for (const host of hosts) {
        const session = this.#session()
        const tunnel = session === null ? null : await openTunnel(session, { host, port })
        if (tunnel === null || 'refused' in tunnel) continue
        joinStreams(socket, tunnel.channel)
        return
      }
      socket.destroy()
    } catch {
      socket.destroy() // the SSH connection ended: its own watcher tells
    }
  }
}

/**
 * Whether something takes connections to this port already. Some systems let a second one listen on an address
 * where the first listens on all (macOS, ip(4)): a guest would then take the place of the host's own.
 */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: answersIn })
    const settle = (there: boolean) => {
      socket.destroy()
      resolve(there)
    }
    socket.once('connect', () => settle(true))
    // Nothing takes one now, be it slow or absent: whether the port is free, the kernel says next.
    socket.once('timeout', () => settle(false))
    socket.once('error', () => settle(false))
  })
}

/** False where the port is taken, or this user may not have it. */
async function tryListen(server: Server, port: number): Promise<boolean> {
  try {
    server.listen({ host: '127.0.0.1', port })
    await once(server, 'listening')
    return true
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE', 'EACCES', 'EPERM')) return false
    throw error
  }
}
