import type { Socket } from 'node:net'
import type { Client } from 'ssh2'
import { PosadaError } from '../errors/index.ts'
import type { SshEndpoint } from './dial.ts'

/** Where a machine's SSH server is, and how to log in. Paths are absolute. */
export interface SshTarget extends SshEndpoint {
  user: string
  /** Private key of the machine's own. */
  keyFile: string
  /** Need not exist yet. */
  knownHostsFile: string
  /** The name that the host key is recorded under: the machine's. */
  hostAlias: string
}

/** An open connection. Many commands and copies may run over it at once. */
export interface SshSession {
  readonly client: Client
  readonly target: SshTarget
  /** The private key that the guest accepted. */
  readonly keyFile: string
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>
  /** E_SSH_LOST, told as it was; for work that was going on when the connection ended. */
  lost(): PosadaError
  /**
   * Takes the connection of another session to the same target in place of its own, which is ended: for whoever has
   * this session the next command runs as after a new login. The other is of no use from then on.
   */
  takeOver(other: SshSession): Promise<void>
  /** Ends the connection; what runs over it is cut off. Does not wait for the guest to close its side. */
  close(): Promise<void>
}

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

function lostError(target: SshTarget, cause: Error | undefined): PosadaError {
  const why = cause === undefined ? 'the guest closed it' : cause.message
  return new PosadaError('E_SSH_LOST', `the SSH connection to ${target.hostAlias} broke off (${why})`, {
    machine: target.hostAlias,
    value: `${target.user}@${target.host}:${target.port}`,
    hint: 'the guest was stopped, restarted, or hangs: posada status, posada logs --console',
    cause,
  })
}
