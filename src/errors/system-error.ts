import type { ErrorCode } from './codes.ts'
import { PosadaError } from './posada-error.ts'

/**
 * Turns the system errors that a user can cause anywhere (no room, no permission, too many files)
 * into their coded form; returns everything else as it came. The command line applies it to
 * whatever escapes, so that single parts need not.
 */
export function fromSystemError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PosadaError || !('code' in error)) return error
  const path = placeOf(error)
  const meaning = meaningOf(error, path)
  if (meaning === null) return error
  const [code, message, hint] = meaning
  const where = path === undefined ? '' : ` at ${path}`
  return new PosadaError(code, message.replace('%', where), {
    cause: error,
    hint,
    ...(path === undefined ? {} : { value: path }),
  })
}

/** What cannot be written is where a copy leads to, not where it comes from. */
function placeOf(error: Error & { code: unknown; path?: unknown; dest?: unknown }): string | undefined {
  const isWritten = ['ENOSPC', 'EDQUOT', 'EROFS'].includes(String(error.code))
  const path = isWritten ? (error.dest ?? error.path) : error.path
  return typeof path === 'string' ? path : undefined
}

/** Code, message with `%` for the place, and hint; null for an error that no user causes. */
function meaningOf(
  error: { code?: unknown; syscall?: unknown; address?: unknown },
  path: string | undefined,
): [ErrorCode, string, string] | null {
  const { code, syscall } = error
  if (syscall === 'flock')
    return [
      'E_LOCK_REFUSED',
      `the file system cannot lock files% (${code})`,
      'keep the project and your home on a local disk; on Lustre mount with -o flock',
    ]
  if (syscall === 'uv_cwd')
    return ['E_PATH', 'the working folder was removed', 'go to a folder that exists: cd']
  if ((code === 'EADDRNOTAVAIL' || code === 'ENETUNREACH') && error.address === '127.0.0.1')
    return ['E_LOOPBACK', 'this computer has no 127.0.0.1', 'switch its loopback on: sudo ip link set lo up']
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return [
        'E_DISK_FULL',
        'there is no room left on the disk%',
        'free some space and run the command again; it continues where it stopped',
      ]
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return [
        'E_NO_PERMISSION',
        `${code === 'EROFS' ? 'the file system is read-only' : 'permission denied'}% (${code})`,
        path === undefined
          ? 'check who owns the project folder'
          : `see who may write there: ls -ld '${folderOf(path)}'`,
      ]
    case 'EMFILE':
    case 'ENFILE':
      return ['E_TOO_MANY_FILES', `too many files are open (${code})`, 'allow more: ulimit -n 4096']
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return path === undefined ? null : ['E_PATH', `${unusable[code]}%`, `look at it: ls -ld '${path}'`]
    case 'EIO':
    case 'ESTALE':
    case 'EREMOTEIO':
      return [
        'E_DISK_FAULT',
        `the disk or network file system failed% (${code})`,
        'see what the kernel says: dmesg',
      ]
    case 'ENOENT':
      return syscall === 'mkdir' ? ['E_PATH', 'no folder can be made%', 'choose another place'] : null
    default:
      return null
  }
}

const unusable = {
  ENOTDIR: 'a file stands where a folder has to be',
  EEXIST: 'a file stands where a folder has to be',
  EISDIR: 'a folder stands where a file has to be',
  ELOOP: 'symbolic links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
}

/** Whether a file can be made or replaced is for its folder to say. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
