import type { PosadaError } from '../errors/index.ts'
import { type Channel, type GuestShells, lostError, type SshSession, type SshTarget } from '../ssh/index.ts'
import { attach } from './attach.ts'
import { credentialOf } from './credential.ts'

export interface KeptOptions {
  target: SshTarget
  /** The keeper's; null: none can be trusted. */
  socket: string | null
  /** Makes a connection of this process's own. */
  connect: (signal?: AbortSignal) => Promise<SshSession>
  signal: AbortSignal
  /** Milliseconds for the keeper to give a shell, instead of two seconds. */
  patience?: number
}

/**
 * Runs commands over the connection that a keeper has; over one of its own from when the keeper gives no shell, which
 * is before a command has begun.
 */
export class KeptSession implements GuestShells {
  readonly target: SshTarget
  readonly #options: KeptOptions
  #own: Promise<SshSession> | null = null
  #lost: (() => PosadaError) | null = null

  constructor(options: KeptOptions) {
    this.target = options.target
    this.#options = options
  }

  /** Whether the keeper has not sufficed. */
  get isOwn(): boolean {
    return this.#own !== null
  }

  async boot(): Promise<Channel> {
    const { socket, patience, connect } = this.#options
    // What was aborted takes a shell to be stopped in the guest.
    const signal = this.#options.signal.aborted ? undefined : this.#options.signal
    if (this.#own === null && socket !== null) {
      const credential = await credentialOf(this.target)
      const channel = credential === null ? null : await attach({ socket, credential, patience, signal })
      if (channel !== null) return channel
    }
    this.#own ??= connect(signal)
    const session = await this.#own
    this.#lost = () => session.lost()
    return session.boot()
  }

  lost(): PosadaError {
    return this.#lost?.() ?? lostError(this.target, undefined)
  }

  async close(): Promise<void> {
    const session = await this.#own?.catch(() => null)
    await session?.close()
  }
}
