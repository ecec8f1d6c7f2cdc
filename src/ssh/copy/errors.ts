import { isPosadaError, PosadaError } from '../../errors/index.ts'
import type { AnyPath } from '../../lib/files/byte-path.ts'
import type { GuestShells } from '../session.ts'

/** What is wrong with a path: follows its name in a sentence. */
interface Problem {
  why: string
  hint: string
  cause?: unknown
}

/** E_COPY about a path in the guest (`web:/srv/x`). */
export function guestError(session: GuestShells, path: AnyPath, { why, hint, cause }: Problem): PosadaError {
  const machine = session.target.hostAlias
  return new PosadaError('E_COPY', `${machine}:${path} ${why}`, {
    value: `${machine}:${path}`,
    machine,
    hint,
    cause,
  })
}

/** E_COPY about a path of the host. */
export function hostError(path: AnyPath, { why, hint, cause }: Problem): PosadaError {
  return new PosadaError('E_COPY', `${path} ${why}`, { value: path.toString(), hint, cause })
}

export function notAccessible(session: GuestShells, path: AnyPath, cause?: unknown): PosadaError {
  const { user } = session.target
  const hint = `files are copied as ${user}`
  return guestError(session, path, { why: `is not accessible for user ${user}`, hint, cause })
}

/** Turns a system error of the host into E_COPY; `path` is named where the error names none. */
export function explainHost(path: AnyPath, error: unknown): unknown {
  if (!(error instanceof Error) || isPosadaError(error) || !('syscall' in error) || !('code' in error))
    return error
  const where = 'path' in error && typeof error.path === 'string' ? error.path : path
  return hostError(where, { ...hostProblem(String(error.code)), cause: error })
}

function hostProblem(code: string): Problem {
  switch (code) {
    case 'ENOENT':
      return { why: 'does not exist', hint: 'check the path' }
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { why: `is not accessible (${code})`, hint: 'check its owner and mode' }
    case 'ENOSPC':
    case 'EDQUOT':
      return { why: 'cannot be written: the disk is full', hint: 'free some space there' }
    default:
      return { why: `cannot be copied (${code})`, hint: 'does something else have that name?' }
  }
}
