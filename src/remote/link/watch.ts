import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { fromSystemError, PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { joinDuplex } from '../../lib/net/join-streams.ts'
import { portOwner } from '../../lib/net/port-owner.ts'
import { readMessage, writeMessage } from '../wire/lines.ts'
import type { Watched } from './config.ts'
import { keepCopy, takeRest } from './copy-log.ts'

export type OpenStream = () => Promise<Duplex>

/** Ports of this host that lead to machines of another, and copies of what these write. */
export class Watches {
  readonly #open: OpenStream
  readonly #kept = new Map<string, { machine: Watched; servers: Server[]; stop: AbortController }>()

  constructor(open: OpenStream) {
    this.#open = open
  }

  get isEmpty(): boolean {
    return this.#kept.size === 0
  }

  /** E_PORT_IN_USE, and then nothing listens. Again for a machine, it leaves alone what is as it should be. */
  async begin(machine: Watched): Promise<void> {
    if (isDeepStrictEqual(this.#kept.get(machine.id)?.machine, machine)) return
    this.#drop(machine.id)
    const servers: Server[] = []
    try {
      for (const port of machine.ports) servers.push(await this.#listen(machine, port))
    } catch (error) {
      for (const server of servers) server.close()
      throw error
    }
    const stop = new AbortController()
    this.#kept.set(machine.id, { machine, servers, stop })
    for (const which of ['console', 'provider'] as const)
      void keepCopy(this.#open, { machine, which }, stop.signal)
  }

  /** Nothing listens for it any more, and what it wrote last is fetched. */
  async end(machine: Watched): Promise<void> {
    this.#drop(machine.id)
    await Promise.all([
      takeRest(this.#open, { machine, which: 'console' }),
      takeRest(this.#open, { machine, which: 'provider' }),
    ])
  }

  #drop(id: string): void {
    const kept = this.#kept.get(id)
    this.#kept.delete(id)
    kept?.stop.abort(new Error('no longer wanted'))
    for (const server of kept?.servers ?? []) server.close()
  }

  async #listen(machine: Watched, { address, port, guestPort }: Watched['ports'][number]): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.setNoDelay(true)
      void this.#lead(socket, machine, guestPort)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: address, port, exclusive: true }, resolve)
    }).catch(async (error: unknown) => {
      throw isErrno(error, 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL')
        ? await portTaken(address, port)
        : fromSystemError(error)
    })
    return server
  }

  /** What the guest says first comes behind the answer. */
  async #lead(socket: Socket, { id, uuid }: Watched, guestPort: number): Promise<void> {
    socket.on('error', () => socket.destroy())
    try {
      const stream = await this.#open()
      writeMessage(stream, { do: 'open', machine: { id, uuid }, to: { tcp: guestPort } })
      const answer = await readMessage(stream)
      if (answer === null || answer.error !== undefined) stream.destroy()
      if (stream.destroyed) socket.destroy()
      else joinDuplex(socket, stream)
    } catch {
      // As a port that no one listens at: whoever connects tries again.
      socket.destroy()
    }
  }
}

async function portTaken(address: string, port: number): Promise<PosadaError> {
  const owner = await portOwner('tcp', port)
  const who = owner === null ? 'another process' : `${owner.name} (pid ${owner.pid})`
  return new PosadaError('E_PORT_IN_USE', `port ${port} of ${address} is in use by ${who}`, {
    value: `${address}:${port}`,
    hint: 'end it, or choose another port in the manifest',
  })
}
