import { lstat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import { type CopyResult, type GuestShells, sendFiles, takesFiles } from '../../ssh/index.ts'
import { type WorkspaceOptions, workspacePaths } from './workspace.ts'

export interface SendOptions extends WorkspaceOptions {
  /** The folder of the host. */
  root: string
  /** The folder of the guest; a relative one is in the home of the login user. Made where it is missing. */
  to: string
  signal: AbortSignal
  /** Told after each piece: bytes that have gone, and all. */
  onProgress?: (bytes: number, total?: number) => void
}

/** Sends a folder into the guest without what its ignore files name. E_COPY, E_SSH_LOST. */
export async function sendWorkspace(
  session: GuestShells,
  { root, to, signal, onProgress, ...options }: SendOptions,
): Promise<CopyResult> {
  const [parent, name] = [dirname(resolve(root)), basename(resolve(root))]
  const paths = await workspacePaths(root, options)
  const all = await Promise.all([Buffer.alloc(0), ...paths].map((path) => look(root, name, path)))
  // See HostFiles.
  const closed = all.filter(({ isClosed }) => isClosed).reverse()
  const ordered = [...all.filter(({ isClosed }) => !isClosed), ...closed]
  const files = {
    ...({ kind: 'folder', parent, name } as const),
    paths: ordered.map(({ path }) => path),
    files: paths.length,
    bytes: all.reduce((sum, { size }) => sum + size, 0),
  }
  const told = onProgress === undefined ? {} : { onProgress }
  return sendFiles(session, files, { to, signal, itself: true, ...told })
}

interface Entry {
  /** With the name of the folder before it. */
  path: Buffer
  /** Bytes of a file. */
  size: number
  /** Whether it is a folder that its owner may not write to. */
  isClosed: boolean
}

async function look(root: string, name: string, inside: Buffer): Promise<Entry> {
  const path = inside.length === 0 ? Buffer.from(name) : Buffer.concat([Buffer.from(`${name}/`), inside])
  try {
    const found = await lstat(Buffer.concat([Buffer.from(`${root}/`), inside]))
    const size = found.isFile() ? found.size : 0
    return { path, size, isClosed: found.isDirectory() && !takesFiles(found) }
  } catch (error) {
    // It has gone meanwhile, which tar will tell.
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return { path, size: 0, isClosed: false }
    throw error
  }
}
