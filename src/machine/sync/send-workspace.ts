import { lstat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import { type CopyResult, type GuestShells, sendFiles } from '../../ssh/index.ts'
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
  const inside = (await workspacePaths(root, options)).reverse()
  const paths = [...inside.map((path) => Buffer.concat([Buffer.from(`${name}/`), path])), Buffer.from(name)]
  const told = onProgress === undefined ? {} : { onProgress }
  const sizes = onProgress === undefined ? [] : await Promise.all(inside.map((path) => sizeOf(root, path)))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  const files = { kind: 'folder', parent, name, paths, files: inside.length, bytes } as const
  return sendFiles(session, files, { to, signal, itself: true, ...told })
}

/** 0 for what is not a file, or has gone meanwhile. */
async function sizeOf(root: string, path: Buffer): Promise<number> {
  try {
    const found = await lstat(Buffer.concat([Buffer.from(`${root}/`), path]))
    return found.isFile() ? found.size : 0
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 0
    throw error
  }
}
