import { randomBytes } from 'node:crypto'
import type { ClientHttp2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { formatHost } from '../wire/address.ts'
import { LastingPipe } from '../wire/lasting-pipe.ts'
import { muxClient, openStream } from '../wire/mux.ts'
import { type DialOptions, dialHost } from './dial.ts'

/** Milliseconds: between two tries, growing; and for which a lost connection is not told to whoever begins something. */
const times = { first: 500, longest: 15_000, unnoticed: 30_000 }

/**
 * The one connection to another host. Lost, it is made again as long as something needs it, and streams go on where they
 * stood; only where the other host has started again meanwhile do they end.
 */
export class HostConnection {
  #pipe: LastingPipe | null = null
  #session: ClientHttp2Session | null = null
  #name = ''
  #lostAt: number | null = null
  #failure: unknown = null
  #dialling: Promise<void> | null = null
  readonly #options: Omit<DialOptions, 'pipe'>
  readonly #log: (line: string) => void

  constructor(options: Omit<DialOptions, 'pipe'>, log: (line: string) => void) {
    this.#options = options
    this.#log = log
  }

  /** What ssh runs with from the next login on: a new session of the user's has another agent. */
  set env(env: NodeJS.ProcessEnv) {
    this.#options.env = env
  }

  /**
   * A stream to the other host, over the connection that there is, or one that is made now. E_HOST_LOGIN, E_HOST_SETUP,
   * E_HOST_VERSION; E_HOST_LOST where it was lost a while ago.
   */
  async stream(): Promise<Duplex> {
    if (this.#session === null) await this.#dial()
    if (this.#lostAt !== null && performance.now() - this.#lostAt > times.unnoticed) throw this.#lost()
    if (this.#session === null) throw this.#lost()
    return openStream(this.#session)
  }

  close(): void {
    this.#pipe?.destroy()
  }

  async #dial(): Promise<void> {
    this.#dialling ??= this.#connect().finally(() => {
      this.#dialling = null
    })
    await this.#dialling
  }

  async #connect(): Promise<void> {
    const pipe = this.#pipe ?? new LastingPipe()
    const name = this.#pipe === null ? randomBytes(16).toString('hex') : this.#name
    const { carrier, received } = await dialHost({
      ...this.#options,
      pipe: { name, received: pipe.received },
    })
    if (received === null || !pipe.fits(received)) {
      carrier.destroy()
      this.#forget()
      throw new PosadaError(
        'E_HOST_LOST',
        `${this.#shown} has started again: what went on there over this connection ended`,
      )
    }
    pipe.carry(carrier, received)
    this.#lostAt = null
    if (this.#pipe === null) {
      this.#pipe = pipe
      this.#name = name
      this.#session = muxClient(pipe)
      pipe.once('close', () => this.#forget(pipe))
    }
    this.#log(`connected to ${this.#shown}`)
    carrier.once('close', () => void this.#again(pipe))
    if (carrier.closed) void this.#again(pipe)
  }

  /** Until it is there again, the pipe is given up, or this process ends. */
  async #again(pipe: LastingPipe): Promise<void> {
    if (this.#pipe !== pipe || pipe.isCarried || this.#options.signal.aborted) return
    this.#lostAt ??= performance.now()
    this.#log('the connection is lost')
    for (let pause = times.first; this.#pipe === pipe; pause = Math.min(2 * pause, times.longest)) {
      try {
        await sleep(pause, this.#options.signal)
        return await this.#dial()
      } catch (error) {
        if (this.#options.signal.aborted) return
        this.#failure = error
        this.#log(`not connected: ${isPosadaError(error) ? error.message : (error as Error).stack}`)
      }
    }
  }

  #forget(pipe = this.#pipe): void {
    if (pipe === null || this.#pipe !== pipe) return
    this.#pipe = null
    this.#session = null
    this.#lostAt = null
    pipe.destroy()
  }

  get #shown(): string {
    return formatHost(this.#options.address)
  }

  #lost(): PosadaError {
    const failure = this.#failure
    return new PosadaError('E_HOST_LOST', `the connection to ${this.#shown} is lost`, {
      ...(isPosadaError(failure) ? { details: [failure.message, ...failure.details] } : {}),
      ...{ value: this.#shown, hint: 'it is made again by itself; machines there go on meanwhile' },
    })
  }
}
