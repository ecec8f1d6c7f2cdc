import { type AnyPath, onPath } from '../../lib/files/byte-path.ts'

/** A path for a command in the guest: `~` and relative paths are in the login user's home, where it begins. Pure. */
export function guestPath(written: AnyPath): AnyPath {
  return onPath(written, fromHome)
}

function fromHome(written: string): string {
  const path = written === '~' ? '.' : written.replace(/^~\/+/, './')
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path
  if (trimmed !== '') return trimmed
  return path.startsWith('/') ? '/' : '.'
}
