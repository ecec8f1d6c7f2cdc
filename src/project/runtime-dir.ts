import { lstat, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { userId } from '../lib/process/user-id.ts'
import type { OwnPaths } from './user-paths.ts'

/** sockaddr_un.sun_path has 108 bytes on Linux, 104 on macOS and the BSDs, one of them for the NUL. */
const socketPathMax = 103
/** The longest file name in a runtime folder, with its slash (provider contract, MachineFiles). */
const nameRoom = 13

/** The folder for a machine's sockets. Pure. */
export function runtimeDir(runtime: string, id: string): string {
  return join(runtime, id)
}

/**
 * The folder with a machine's sockets: a running machine's are where they were made, also where this command has
 * another XDG_RUNTIME_DIR than the one that started it. Where there is none, the path that a start would make.
 */
export async function findRuntimeDir({ runtimes }: OwnPaths, id: string): Promise<string> {
  for (const runtime of runtimes) {
    const path = runtimeDir(runtime, id)
    if ((await isPrivate(runtime)) && (await isPrivate(path))) return path
  }
  return runtimeDir(runtimes[0] ?? '', id)
}

/** Whether a folder for sockets is there, and no one but this user can have put anything into it. */
export async function isOwnRuntimeDir(path: string): Promise<boolean> {
  return (await isPrivate(dirname(path))) && (await isPrivate(path))
}

/** Removes the folder with a machine's sockets; nothing where it is not this user's own. */
export async function removeRuntimeDir(path: string): Promise<void> {
  if (await isOwnRuntimeDir(path)) await rm(path, { recursive: true, force: true })
}

/**
 * Makes the folder for a machine's sockets, mode 0700, under `runtime`, and returns its path. A
 * folder that another user owns or may write to is refused: it may lie under /tmp.
 */
export async function ensureRuntimeDir(runtime: string, id: string): Promise<string> {
  const path = runtimeDir(runtime, id)
  const length = Buffer.byteLength(path) + nameRoom
  if (length > socketPathMax) {
    throw new PosadaError(
      'E_SOCKET_PATH',
      `the path for sockets would have ${length} bytes, over ${socketPathMax}`,
      {
        value: path,
        hint: 'set XDG_RUNTIME_DIR to a folder with a shorter path',
      },
    )
  }
  await makeFolder(path, { mode: 0o700 })
  for (const folder of [runtime, path]) {
    if (await isPrivate(folder)) continue
    throw new PosadaError('E_RUNTIME_DIR', 'the folder for sockets is not private', {
      value: folder,
      hint: `remove it (rm -r '${folder}') or set XDG_RUNTIME_DIR to a folder of your own`,
    })
  }
  return path
}

/** Whether this is a folder, not a link to one, that this user owns and no one else may write to. */
async function isPrivate(folder: string): Promise<boolean> {
  try {
    const found = await lstat(folder)
    return found.isDirectory() && found.uid === userId() && (found.mode & 0o022) === 0
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return false
    throw error
  }
}
