import type { Socket } from 'node:net'
import type { Client } from 'ssh2'
import type { PosadaError } from '../errors/index.ts'
import { openChannel } from './channel.ts'
import { bootLine } from './remote-command.ts'
import { type Channel, lostError, type SshSession, type SshTarget } from './session.ts'

/** Wraps a client that is logged in. It hears no error of it before this. */
export function makeSession(target: SshTarget, loggedIn: LoggedIn): SshSession {
  return new Session(target, new Connection(loggedIn))
}

interface LoggedIn {
  client: Client
  socket: Socket
  keyFile: string
}

class Session implements SshSession {
  readonly target: SshTarget
  #connection: Connection

  constructor(target: SshTarget, connection: Connection) {
    this.target = target
    this.#connection = connection
  }

  get client(): Client {
    return this.#connection.client
  }

  get keyFile(): string {
    return this.#connection.keyFile
  }

  get closed(): Promise<void> {
    return this.#connection.closed
  }

  boot(): Promise<Channel> {
    return openChannel(this, bootLine)
  }

  lost(): PosadaError {
    return lostError(this.target, this.#connection.cause)
  }

  async takeOver(other: SshSession): Promise<void> {
    if (!(other instanceof Session)) throw new Error('not a session of its kind')
    const old = this.#connection
    this.#connection = other.#connection
    await old.close()
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}

class Connection {
  readonly client: Client
  readonly keyFile: string
  readonly closed: Promise<void>
  /** The first error of it. */
  cause: Error | undefined
  readonly #socket: Socket

  constructor({ client, socket, keyFile }: LoggedIn) {
    this.client = client
    this.keyFile = keyFile
    this.#socket = socket
    client.on('error', (error) => {
      this.cause ??= error
    })
    this.closed = new Promise<void>((resolve) => {
      client.once('close', () => resolve())
    })
  }

  /** Once the goodbye is with the kernel there is nothing to wait for: an emulated guest takes a tenth of a second. */
  async close(): Promise<void> {
    this.#socket.once('finish', () => this.#socket.destroy())
    this.client.end()
    const force = setTimeout(() => this.#socket.destroy(), 500)
    await this.closed
    clearTimeout(force)
  }
}
