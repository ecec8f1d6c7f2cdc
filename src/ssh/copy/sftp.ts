import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2'
import { PosadaError } from '../../errors/index.ts'
import type { SshSession } from '../session.ts'

/** Reading over SFTP. */
export interface Sftp {
  open(path: string): Promise<Buffer>
  /** Fewer bytes than there is place for may come; 0 at the end. */
  read(handle: Buffer, into: Buffer, position: number): Promise<number>
  close(handle: Buffer): Promise<void>
  stat(path: string): Promise<Stats>
  list(path: string): Promise<FileEntryWithStats[]>
  readLink(path: string): Promise<string>
  end(): void
}

export type { FileEntryWithStats, Stats }

/** Status codes of a failed request. Source: draft-ietf-secsh-filexfer-02, 7. */
export const status = { endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4 } as const

/** Opens SFTP over the connection. E_COPY where the guest's server has none. */
export async function openSftp(session: SshSession, signal?: AbortSignal): Promise<Sftp> {
  const raw = await new Promise<SFTPWrapper>((resolve, reject) => {
    const opened = (error: Error | undefined, sftp: SFTPWrapper) => {
      if (error === undefined || error === null) resolve(sftp)
      else reject(error)
    }
    try {
      session.client.sftp(opened)
    } catch (error) {
      reject(error)
    }
  }).catch((error: Error) => {
    if (/not connected|no response/i.test(error.message)) throw session.lost()
    throw new PosadaError('E_COPY', `${session.target.hostAlias} does not offer SFTP (${error.message})`, {
      machine: session.target.hostAlias,
      hint: 'install its SFTP server in the guest: openssh-sftp-server',
      cause: error,
    })
  })
  // A server that breaks the protocol fails the requests that are under way; they tell it.
  raw.on('error', () => raw.end())
  return wrap(raw, new Requests(session, signal))
}

type Done<T> = (error: Error | undefined | null, value: T) => void

/** Milliseconds after an interruption in which what was begun may still be tidied up. */
const TIDY = 2000

/**
 * The requests under way. A connection that has ended no longer answers and ssh2 does not say so of
 * requests made afterwards; a guest that hangs never answers. Both fail here.
 */
class Requests {
  readonly #open = new Set<(error: unknown) => void>()
  #failure: { error: unknown } | undefined

  constructor(session: SshSession, signal: AbortSignal | undefined) {
    session.closed.then(() => this.#fail(session.lost()))
    const onAbort = () => setTimeout(() => this.#fail(signal?.reason), TIDY).unref()
    signal?.addEventListener('abort', onAbort, { once: true })
  }

  make<T>(begin: (done: Done<T>) => void): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    return new Promise<T>((resolve, reject) => {
      this.#open.add(reject)
      begin((error, value) => {
        this.#open.delete(reject)
        if (error === undefined || error === null) resolve(value)
        else reject(error)
      })
    })
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    for (const reject of this.#open) reject(error)
    this.#open.clear()
  }
}

function wrap(raw: SFTPWrapper, requests: Requests): Sftp {
  const make = requests.make.bind(requests) as Requests['make']
  return {
    open: (path) => make((done) => raw.open(path, 'r', done)),
    read: (handle, into, position) =>
      make((done) => {
        raw.read(handle, into, 0, into.length, position, (error, count) => {
          const atEnd =
            error !== undefined && error !== null && 'code' in error && error.code === status.endOfFile
          if (atEnd) done(null, 0)
          else done(error, count)
        })
      }),
    close: (handle) => make<void>((done) => raw.close(handle, (error) => done(error, undefined))),
    stat: (path) => make((done) => raw.stat(path, done)),
    list: (path) => make((done) => raw.readdir(path, done)),
    readLink: (path) => make((done) => raw.readlink(path, done)),
    end: () => raw.end(),
  }
}
