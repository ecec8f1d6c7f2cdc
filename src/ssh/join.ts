import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ConnectError } from './connect-error.ts'
import { dial } from './dial.ts'
import type { SshTarget } from './session.ts'

export interface JoinOptions {
  input: Readable
  output: Writable
  signal: AbortSignal
}

/**
 * Joins streams to a machine's SSH server, for a client of somebody else's, until the server ends.
 *
 * @throws PosadaError E_SSH_CONNECT, or the signal's reason
 */
export async function joinToServer(target: SshTarget, { input, output, signal }: JoinOptions): Promise<void> {
  const socket = new Socket({ allowHalfOpen: true })
  try {
    signal.throwIfAborted()
    await dial(socket, target).catch((error: Error) => {
      throw new ConnectError(target, error.message, { stage: 'none', cause: error })
    })
    const sent = pipeline(input, socket, { signal })
    // A client that goes first breaks this one; the other direction says when all is over.
    sent.catch(() => undefined)
    await pipeline(socket, output, { signal, end: false })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    socket.destroy()
  }
}
