import { Socket } from 'node:net'
import type { Client, NextAuthHandler } from 'ssh2'
import { PosadaError } from '../errors/index.ts'
import { wholeModule } from '../lib/native/whole-module.ts'
import { algorithms } from './algorithms.ts'
import { ConnectError, type SshStage, undone } from './connect-error.ts'
import { makeSession } from './connection.ts'
import { dial } from './dial.ts'
import { type HostKey, hostKeyError, readHostKey, recordHostKey } from './known-hosts.ts'
import { type Key, readKeys } from './login-keys.ts'
import type { SshSession, SshTarget } from './session.ts'

export interface ConnectOptions {
  /** Milliseconds for the whole connection; 30 000 unless given. */
  timeout?: number
  /** Milliseconds to wait for the server's first bytes; as `timeout` unless given. */
  bannerTimeout?: number
  /** The box's private keys, for a guest in which the target's own may not be installed yet: tried first or last. */
  boxKeyFiles?: readonly string[]
  ownKeyFirst?: boolean
  /** Told as each stage is reached. */
  onStage?: (stage: SshStage) => void
  /** Milliseconds of silence after which the guest is asked for a sign of life, and how many go unanswered. */
  keepAlive?: { interval: number; count: number }
  signal?: AbortSignal
}

/**
 * Opens a connection and logs in. The host key is recorded after the first login and strictly
 * compared ever after. Throws E_SSH_CONNECT (says the stage that did not happen), E_SSH_AUTH,
 * E_SSH_HOST_KEY, or the signal's reason.
 */
export async function connect(target: SshTarget, options: ConnectOptions = {}): Promise<SshSession> {
  options.signal?.throwIfAborted()
  const { boxKeyFiles = [], ownKeyFirst = false } = options
  const [ssh2, keys, recorded] = await Promise.all([
    loadSsh2(),
    readKeys(ownKeyFirst ? [target.keyFile, ...boxKeyFiles] : [...boxKeyFiles, target.keyFile]),
    readHostKey(target.knownHostsFile, target.hostAlias),
  ])
  const client = new ssh2.Client()
  const socket = new Socket()
  const { keyFile, hostKey } = await new Attempt(target, options, { client, socket, keys, recorded }).run()
  const session = makeSession(target, { client, socket, keyFile })
  try {
    if (recorded === null) await recordHostKey(target.knownHostsFile, target.hostAlias, hostKey)
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

interface LoggedIn {
  keyFile: string
  hostKey: Buffer
}

interface Means {
  client: Client
  socket: Socket
  keys: Key[]
  recorded: HostKey | null
}

class Attempt {
  readonly #client: Client
  readonly #socket: Socket
  readonly #target: SshTarget
  readonly #options: ConnectOptions
  readonly #keys: Key[]
  readonly #recorded: HostKey | null
  #stage: SshStage = 'none'
  #hostKey: Buffer | undefined
  #tried = -1

  constructor(target: SshTarget, options: ConnectOptions, { client, socket, keys, recorded }: Means) {
    this.#client = client
    this.#socket = socket
    this.#target = target
    this.#options = options
    this.#keys = keys
    this.#recorded = recorded
  }

  async run(): Promise<LoggedIn> {
    const { timeout = 30_000, bannerTimeout = timeout, signal } = this.#options
    const timers: NodeJS.Timeout[] = []
    let onAbort: (() => void) | undefined
    try {
      return await new Promise<LoggedIn>((resolve, reject) => {
        onAbort = () => reject(signal?.reason)
        signal?.addEventListener('abort', onAbort)
        timers.push(
          setTimeout(() => reject(this.#timedOut(timeout)), timeout),
          setTimeout(() => {
            if (this.#stage === 'none' || this.#stage === 'tcp') reject(this.#timedOut(bannerTimeout))
          }, bannerTimeout),
        )
        this.#listen(resolve, reject)
        dial(this.#socket, this.#target).then(
          () => this.#socket.destroyed || this.#start(),
          (error) => reject(this.#explain(error)),
        )
      })
    } catch (error) {
      this.#drop()
      throw error
    } finally {
      for (const timer of timers) clearTimeout(timer)
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
      this.#client.removeAllListeners()
      // A cut connection has more to say than the error that was thrown; it must not end the process.
      this.#client.on('error', () => undefined)
    }
  }

  #listen(resolve: (value: LoggedIn) => void, reject: (error: unknown) => void): void {
    this.#client.once('handshake', () => this.#reach('handshake'))
    this.#client.once('ready', () => {
      this.#reach('auth')
      const keyFile = this.#keys[this.#tried]?.file
      if (keyFile === undefined || this.#hostKey === undefined) reject(new Error('logged in without a key'))
      else resolve({ keyFile, hostKey: this.#hostKey })
    })
    this.#client.on('error', (error: Error & { level?: string }) => reject(this.#explain(error)))
    this.#client.once('close', () => reject(this.#closed()))
  }

  #start(): void {
    const { user, keepAlive = { interval: 15_000, count: 3 } } = this.#target
    const { interval, count } = this.#options.keepAlive ?? keepAlive
    this.#reach('tcp')
    this.#socket.setNoDelay(true)
    // Flows from when the client listens.
    this.#socket.pause()
    this.#socket.once('data', () => this.#reach('banner'))
    this.#client.connect({
      sock: this.#socket,
      username: user,
      readyTimeout: 0,
      keepaliveInterval: interval,
      keepaliveCountMax: count,
      algorithms: algorithms(this.#recorded?.type),
      hostVerifier: (key: Buffer) => {
        this.#hostKey = Buffer.from(key)
        return this.#recorded === null || this.#recorded.blob.equals(key)
      },
      authHandler: (_left, _partial, next) => this.#nextKey(next),
    })
  }

  #nextKey(next: NextAuthHandler): void {
    this.#tried++
    const key = this.#keys[this.#tried]
    // False ends the login; the package's types leave it out.
    if (key === undefined) (next as (none: unknown) => void)(false)
    else next({ type: 'publickey', username: this.#target.user, key: key.text })
  }

  #reach(stage: SshStage): void {
    this.#stage = stage
    this.#options.onStage?.(stage)
  }

  #explain(error: Error & { level?: string }): PosadaError {
    const target = this.#target
    const shown = this.#hostKey
    if (this.#recorded !== null && shown !== undefined && !this.#recorded.blob.equals(shown)) {
      return hostKeyError(target, this.#recorded, shown)
    }
    if (error.level === 'client-authentication') {
      return new PosadaError('E_SSH_AUTH', `${target.hostAlias} refused the key for user ${target.user}`, {
        value: this.#keys.map((key) => key.file).join(', '),
        machine: target.hostAlias,
        hint: "the guest's authorized_keys has changed; posada destroy and posada up recreate the machine",
        cause: error,
      })
    }
    const dialled = target.vsock === undefined ? 'the TCP connection' : 'the connection over vsock'
    const what = this.#stage === 'none' ? `${dialled} failed` : undone[this.#stage]
    return this.#failure(`${what} (${error.message})`, error)
  }

  #closed(): PosadaError {
    return this.#failure(`${undone[this.#stage]}; the server closed the connection`)
  }

  #timedOut(limit: number): PosadaError {
    return this.#failure(`${undone[this.#stage]} within ${limit / 1000} s`)
  }

  #failure(what: string, cause?: unknown): PosadaError {
    return new ConnectError(this.#target, what, { stage: this.#stage, cause })
  }

  #drop(): void {
    this.#socket.on('error', () => undefined)
    this.#socket.destroy()
  }
}

/** ssh2 takes 80 ms to load: only what connects pays for it, and whoever waits for a guest loads it meanwhile. */
export async function loadSsh2(): Promise<typeof import('ssh2')> {
  return wholeModule(await import('ssh2'))
}
