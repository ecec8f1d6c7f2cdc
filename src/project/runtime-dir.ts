import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../errors/index.ts'

/** sockaddr_un.sun_path has 108 bytes on Linux, 104 on macOS and the BSDs, one of them for the NUL. */
const SOCKET_PATH_MAX = 103
/** The longest file name in a runtime folder, with its slash (provider contract, MachineFiles). */
const NAME_ROOM = 13

/** The folder for a machine's sockets. Pure. */
export function runtimeDir(runtime: string, id: string): string {
  return join(runtime, id)
}

/**
 * Makes the folder for a machine's sockets, mode 0700, under `runtime`, and returns its path. A
 * folder that somebody else owns or may write to is refused: it may lie under /tmp.
 */
export async function ensureRuntimeDir(runtime: string, id: string): Promise<string> {
  const path = runtimeDir(runtime, id)
  const length = Buffer.byteLength(path) + NAME_ROOM
  if (length > SOCKET_PATH_MAX) {
    throw new PosadaError(
      'E_SOCKET_PATH',
      `the path for sockets would have ${length} bytes, over ${SOCKET_PATH_MAX}`,
      {
        value: path,
        hint: 'set XDG_RUNTIME_DIR to a folder with a shorter path',
      },
    )
  }
  await mkdir(path, { recursive: true, mode: 0o700 })
  for (const folder of [runtime, path]) {
    const found = await lstat(folder)
    const mine = process.getuid === undefined || found.uid === process.getuid()
    if (!found.isDirectory() || !mine || (found.mode & 0o022) !== 0) {
      throw new PosadaError('E_RUNTIME_DIR', 'the folder for sockets is not private', {
        value: folder,
        hint: `remove it (rm -r '${folder}') or set XDG_RUNTIME_DIR to a folder of your own`,
      })
    }
  }
  return path
}
