import { promisify } from 'node:util'
import type { Attributes, FileEntryWithStats, InputAttributes, SFTPWrapper, Stats } from 'ssh2'
import { PosadaError } from '../../errors/index.ts'
import type { SshSession } from '../session.ts'

export interface Sftp {
  open(path: string, flags: 'r' | 'wx', attributes?: InputAttributes): Promise<Buffer>
  /** Fewer bytes than asked for may come; 0 at the end. */
  read(handle: Buffer, into: Buffer, length: number, position: number): Promise<number>
  write(handle: Buffer, data: Buffer, position: number): Promise<void>
  close(handle: Buffer): Promise<void>
  setAttributes(handle: Buffer, attributes: InputAttributes): Promise<void>
  stat(path: string): Promise<Stats>
  list(path: string): Promise<FileEntryWithStats[]>
  makeFolder(path: string, attributes: InputAttributes): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  readLink(path: string): Promise<string>
  /** A link at `path` that leads to `target`. */
  link(target: string, path: string): Promise<void>
  remove(path: string): Promise<void>
  /** Replaces what is at `to`. */
  rename(from: string, to: string): Promise<void>
  /** Whether the file system that holds `path` is full. */
  isFull(path: string): Promise<boolean>
  end(): void
}

export type { Attributes, FileEntryWithStats, Stats }

/** Status codes of a failed request. Source: draft-ietf-secsh-filexfer-02, 7. */
export const status = { noSuchFile: 2, permissionDenied: 3, failure: 4 } as const

/** Opens SFTP over the connection. E_COPY where the guest's server has none. */
export async function openSftp(session: SshSession): Promise<Sftp> {
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
  return wrap(raw)
}

function wrap(raw: SFTPWrapper): Sftp {
  const statvfs = promisify(raw.ext_openssh_statvfs.bind(raw)) as unknown as (
    path: string,
  ) => Promise<{ f_bavail: number }>
  return {
    open: (path, flags, attributes = {}) =>
      new Promise((resolve, reject) => raw.open(path, flags, attributes, settle(resolve, reject))),
    read: (handle, into, length, position) =>
      new Promise((resolve, reject) => {
        raw.read(handle, into, 0, length, position, (error, count) => {
          if (error === undefined || error === null) resolve(count)
          else if ('code' in error && error.code === 1) resolve(0)
          else reject(error)
        })
      }),
    write: (handle, data, position) =>
      new Promise((resolve, reject) => {
        raw.write(handle, data, 0, data.length, position, (error) =>
          settle(resolve, reject)(error, undefined),
        )
      }),
    close: promisify(raw.close.bind(raw)),
    setAttributes: promisify(raw.fsetstat.bind(raw)),
    stat: (path) => new Promise((resolve, reject) => raw.stat(path, settle(resolve, reject))),
    list: (path) => new Promise((resolve, reject) => raw.readdir(path, settle(resolve, reject))),
    makeFolder: (path, attributes) =>
      new Promise((resolve, reject) => {
        raw.mkdir(path, attributes, (error) => settle(resolve, reject)(error, undefined))
      }),
    chmod: promisify(raw.chmod.bind(raw)),
    readLink: (path) => new Promise((resolve, reject) => raw.readlink(path, settle(resolve, reject))),
    link: promisify(raw.symlink.bind(raw)),
    remove: promisify(raw.unlink.bind(raw)),
    rename: promisify(raw.ext_openssh_rename.bind(raw)),
    isFull: async (path) => (await statvfs(path)).f_bavail === 0,
    end: () => raw.end(),
  }
}

function settle<T>(resolve: (value: T) => void, reject: (error: unknown) => void) {
  return (error: Error | undefined | null, value: T) => {
    if (error === undefined || error === null) resolve(value)
    else reject(error)
  }
}
