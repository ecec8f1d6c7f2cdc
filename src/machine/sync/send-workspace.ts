import { lstatSync } from 'node:fs'
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
  const files = {
    ...({ kind: 'folder', parent, name } as const),
    paths: [] as Buffer[],
    files: paths.length,
    bytes: 0,
  }
  const closed: Buffer[] = []
  for (const inside of [Buffer.alloc(0), ...paths]) {
    const { path, size, isClosed } = look(root, name, inside)
    // See HostFiles.
    if (isClosed) closed.push(path)
    else files.paths.push(path)
    files.bytes += size
  }
  files.paths.push(...closed.reverse())
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

function look(root: string, name: string, inside: Buffer): Entry {
  const path = inside.length === 0 ? Buffer.from(name) : Buffer.concat([Buffer.from(`${name}/`), inside])
  try {
    // Node's threads would take twenty times as long, and half a gigabyte for 100,000 files.
    const found = lstatSync(Buffer.concat([Buffer.from(`${root}/`), inside]))
    const size = found.isFile() ? found.size : 0
    return { path, size, isClosed: found.isDirectory() && !takesFiles(found) }
  } catch (error) {
    // It has gone meanwhile, which tar will tell.
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return { path, size: 0, isClosed: false }
    throw error
  }
}
