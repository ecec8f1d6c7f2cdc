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
  /** Ends the connection; what runs over it is cut off. Does not wait for the guest to close its side. */
  close(): Promise<void>
}

/** Wraps a client that is logged in. It hears no error of it before this. */
export function makeSession(client: Client, socket: Socket, target: SshTarget, keyFile: string): SshSession {
  let cause: Error | undefined
  client.on('error', (error) => {
    cause ??= error
  })
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => resolve())
  })
  return {
    client,
    target,
    keyFile,
    closed,
    lost: () => lostError(target, cause),
    async close() {
      // Once the goodbye is with the kernel there is nothing to wait for: an emulated guest takes a
      // tenth of a second to end its session.
      socket.once('finish', () => socket.destroy())
      client.end()
      const force = setTimeout(() => socket.destroy(), 500)
      await closed
      clearTimeout(force)
    },
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
