import { isPosadaError, PosadaError } from '../../errors/index.ts'
import type { SshSession } from '../session.ts'
import { type Sftp, status } from './sftp.ts'

/** E_COPY about a path in the guest (`web:/srv/x`). */
export function guestError(session: SshSession, path: string, why: string, hint: string, cause?: unknown) {
  const machine = session.target.hostAlias
  return new PosadaError('E_COPY', `${machine}:${path} ${why}`, {
    value: `${machine}:${path}`,
    machine,
    hint,
    cause,
  })
}

/** E_COPY about a path of the host. */
export function hostError(path: string, why: string, hint: string, cause?: unknown): PosadaError {
  return new PosadaError('E_COPY', `${path} ${why}`, { value: path, hint, cause })
}

/** Turns a failed SFTP request into what the user can do something about. */
export async function explainGuest(
  session: SshSession,
  sftp: Sftp,
  path: string,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof Error) || isPosadaError(error)) return error
  if (/no response from server|not connected|not writable/i.test(error.message)) return session.lost()
  const code = 'code' in error ? error.code : undefined
  if (code === status.noSuchFile) {
    return guestError(session, path, 'does not exist', 'relative paths begin in the home folder', error)
  }
  if (code === status.permissionDenied) {
    const user = session.target.user
    return guestError(
      session,
      path,
      `is not accessible for user ${user}`,
      `copying is done as ${user}`,
      error,
    )
  }
  if (code !== status.failure) return error
  const folder = path.replace(/[^/]*$/, '') || '.'
  // An older server may be unable to say; then the disk is not what is blamed.
  const full = await sftp.isFull(folder).catch(() => false)
  if (full) return guestError(session, path, 'cannot be written: the disk is full', 'make room there', error)
  return guestError(
    session,
    path,
    `cannot be copied (${error.message})`,
    'is there something else of that name?',
    error,
  )
}

/** Turns a system error of the host into E_COPY; `path` is named where the error names none. */
export function explainHost(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || isPosadaError(error) || !('syscall' in error) || !('code' in error))
    return error
  const where = 'path' in error && typeof error.path === 'string' ? error.path : path
  switch (error.code) {
    case 'ENOENT':
      return hostError(where, 'does not exist', 'check the path', error)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return hostError(where, `is not accessible (${error.code})`, 'check its owner and mode', error)
    case 'ENOSPC':
    case 'EDQUOT':
      return hostError(where, 'cannot be written: the disk is full', 'make room there', error)
    default:
      return hostError(
        where,
        `cannot be copied (${error.code})`,
        'is there something else of that name?',
        error,
      )
  }
}
