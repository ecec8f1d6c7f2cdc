import { PosadaError } from './posada-error.ts'

/**
 * Turns the system errors that a user can cause anywhere (no room, no permission, too many files)
 * into their coded form; returns everything else as it came. The command line applies it to
 * whatever escapes, so that single parts need not.
 */
export function fromSystemError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PosadaError || !('code' in error)) return error
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined
  const options = { cause: error, ...(path === undefined ? {} : { value: path }) }
  const where = path === undefined ? '' : ` at ${path}`
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new PosadaError('E_DISK_FULL', `there is no room left on the disk${where}`, {
        ...options,
        hint: 'free some space and run the command again; it goes on where it stopped',
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new PosadaError('E_NO_PERMISSION', `no permission${where} (${error.code})`, {
        ...options,
        hint:
          path === undefined
            ? 'check who owns the project folder'
            : `see who may write there: ls -ld '${folderOf(path)}'`,
      })
    default:
      return error
  }
}

/** Whether a file can be made or replaced is for its folder to say. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
