import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Client, NextAuthHandler } from 'ssh2'
import { isPosadaError, PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/errno.ts'
import { algorithms } from './algorithms.ts'
import { type HostKey, hostKeyError, readHostKey, recordHostKey } from './known-hosts.ts'
import { makeSession, type SshSession, type SshTarget } from './session.ts'

/** How far a connection got: nothing yet, TCP, the server's first bytes, the key exchange, the login. */
export type SshStage = 'none' | 'tcp' | 'banner' | 'handshake' | 'auth'

export interface ConnectOptions {
  /** Milliseconds for the whole connection; 30 000 unless given. */
  timeout?: number
  /** Milliseconds to wait for the server's first bytes; as `timeout` unless given. */
  bannerTimeout?: number
  /** The box's private key, for a guest in which the target's own may not be installed yet: tried first. */
  boxKeyFile?: string
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
  const [{ Client }, keys, recorded] = await Promise.all([
    loadSsh2(),
    readKeys([options.boxKeyFile, target.keyFile]),
    readHostKey(target.knownHostsFile, target.hostAlias),
  ])
  const attempt = new Attempt(new Client(), target, options, keys, recorded)
  const { keyFile, hostKey } = await attempt.run()
  const session = makeSession(attempt.client, attempt.socket, target, keyFile)
  try {
    if (recorded === null) await recordHostKey(target.knownHostsFile, target.hostAlias, hostKey)
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

/** The stage that a failed connection had reached. */
export function stageReached(error: unknown): SshStage {
  if (isPosadaError(error, 'E_SSH_AUTH')) return 'handshake'
  return error instanceof ConnectError ? error.stage : 'none'
}

class ConnectError extends PosadaError {
  readonly stage: SshStage
  constructor(stage: SshStage, target: SshTarget, what: string, cause?: unknown) {
    super('E_SSH_CONNECT', `no SSH connection to ${target.hostAlias}: ${what}`, {
      value: `${target.host}:${target.port}`,
      machine: target.hostAlias,
      hint: 'posada status says whether the machine runs, posada logs --console what it printed',
      cause,
    })
    this.stage = stage
  }
}

interface Key {
  file: string
  text: string
}

interface LoggedIn {
  keyFile: string
  hostKey: Buffer
}

class Attempt {
  readonly client: Client
  readonly #target: SshTarget
  readonly #options: ConnectOptions
  readonly #keys: Key[]
  readonly #recorded: HostKey | null
  readonly socket = new Socket()
  #stage: SshStage = 'none'
  #hostKey: Buffer | undefined
  #tried = -1

  constructor(
    client: Client,
    target: SshTarget,
    options: ConnectOptions,
    keys: Key[],
    recorded: HostKey | null,
  ) {
    this.client = client
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
            if (this.socket.bytesRead === 0) reject(this.#timedOut(bannerTimeout))
          }, bannerTimeout),
        )
        this.#listen(resolve, reject)
        this.#start()
      })
    } catch (error) {
      this.#drop()
      throw error
    } finally {
      for (const timer of timers) clearTimeout(timer)
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
      this.client.removeAllListeners()
      // A cut connection has more to say than the error that was thrown; it must not end the process.
      this.client.on('error', () => undefined)
    }
  }

  #listen(resolve: (value: LoggedIn) => void, reject: (error: unknown) => void): void {
    this.socket.once('connect', () => this.#reach('tcp'))
    this.socket.once('data', () => this.#reach('banner'))
    this.client.once('handshake', () => this.#reach('handshake'))
    this.client.once('ready', () => {
      this.#reach('auth')
      const keyFile = this.#keys[this.#tried]?.file
      if (keyFile === undefined || this.#hostKey === undefined) reject(new Error('logged in without a key'))
      else resolve({ keyFile, hostKey: this.#hostKey })
    })
    this.client.on('error', (error: Error & { level?: string }) => reject(this.#explain(error)))
    this.client.once('close', () => reject(this.#closed()))
  }

  #start(): void {
    const { host, port, user } = this.#target
    const { interval, count } = this.#options.keepAlive ?? { interval: 15_000, count: 3 }
    this.socket.setNoDelay(true)
    this.client.connect({
      sock: this.socket,
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
    this.socket.connect({ host, port })
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
      return hostKeyError(target.knownHostsFile, target.hostAlias, this.#recorded, shown)
    }
    if (error.level === 'client-authentication') {
      return new PosadaError('E_SSH_AUTH', `${target.hostAlias} refused the key for user ${target.user}`, {
        value: this.#keys.map((key) => key.file).join(', '),
        machine: target.hostAlias,
        hint: "the guest's authorized_keys was changed; posada destroy and posada up make the machine anew",
        cause: error,
      })
    }
    if (this.#stage === 'none') {
      return new ConnectError('none', target, `the TCP connection failed (${error.message})`, error)
    }
    return new ConnectError(this.#stage, target, `${undone[this.#stage]} (${error.message})`, error)
  }

  #closed(): PosadaError {
    return new ConnectError(
      this.#stage,
      this.#target,
      `${undone[this.#stage]}; the server closed the connection`,
    )
  }

  #timedOut(limit: number): PosadaError {
    return new ConnectError(this.#stage, this.#target, `${undone[this.#stage]} within ${limit / 1000} s`)
  }

  #drop(): void {
    this.socket.on('error', () => undefined)
    this.socket.destroy()
  }
}

const undone: Record<SshStage, string> = {
  none: 'the TCP connection was not made',
  tcp: 'the server sent no SSH banner',
  banner: 'the key exchange did not finish',
  handshake: 'the login did not finish',
  auth: 'the session did not begin',
}

/** ssh2 takes 80 ms to load: only what connects pays for it, and whoever waits for a guest loads it meanwhile. */
export async function loadSsh2(): Promise<typeof import('ssh2')> {
  const module = await import('ssh2')
  return module.default ?? module
}

async function readKeys(files: (string | undefined)[]): Promise<Key[]> {
  const keys: Key[] = []
  for (const file of files) {
    if (file === undefined) continue
    try {
      keys.push({ file, text: await readFile(file, 'utf8') })
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
    }
  }
  if (keys.length > 0) return keys
  const own = files.at(-1)
  throw new PosadaError('E_SSH_AUTH', `there is no private key at ${own}`, {
    ...(own === undefined ? {} : { value: own }),
    hint: 'posada up makes the key and installs it',
  })
}
