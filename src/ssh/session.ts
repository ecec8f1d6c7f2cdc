import type { Duplex, Readable } from 'node:stream'
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
  /** When a silent line is given up: milliseconds between questions, and how many go unanswered. Left out: after 45 s. */
  keepAlive?: { interval: number; count: number }
}

/**
 * The streams of a command in the guest: its input is written, its output read. Emits `exit` with an exit code, or null and
 * the name of a signal, when the command has ended, and `close` when all that it wrote was read.
 */
export interface Channel extends Duplex {
  readonly stderr: Readable
  close(): void
}

/** What runs commands in a guest, many at once. */
export interface GuestShells {
  readonly target: SshTarget
  /** Starts a shell that runs the first line of its input (`bootLine`). E_SSH_LOST where it cannot. */
  boot(): Promise<Channel>
  /** E_SSH_LOST, told as it was; for work that was going on when the connection ended. */
  lost(): PosadaError
}

/** An open connection of this process's own. */
export interface SshSession extends GuestShells {
  readonly client: Client
  /** The private key that the guest accepted. */
  readonly keyFile: string
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>
  /**
   * Takes the connection of another session to the same target in place of its own, which is ended: for whoever has
   * this session the next command runs as after a new login. The other is of no use from then on.
   */
  takeOver(other: SshSession): Promise<void>
  /** Ends the connection; what runs over it is cut off. Does not wait for the guest to close its side. */
  close(): Promise<void>
}

/** What the end of a connection is told as. */
export function lostError(target: SshTarget, cause: Error | undefined): PosadaError {
  const why = cause === undefined ? 'the guest closed it' : cause.message
  return new PosadaError('E_SSH_LOST', `the SSH connection to ${target.hostAlias} was lost (${why})`, {
    machine: target.hostAlias,
    value: `${target.user}@${target.host}:${target.port}`,
    hint: 'the guest was stopped, restarted, or hangs: posada status, posada logs --console',
    cause,
  })
}
