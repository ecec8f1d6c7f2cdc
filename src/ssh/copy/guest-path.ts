/**
 * A path as SFTP takes it: `~` and relative paths are in the login user's home, where an SFTP session
 * begins. Pure.
 */
export function guestPath(written: string): string {
  const path = written === '~' ? '.' : written.replace(/^~\/+/, './')
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path
  if (trimmed !== '') return trimmed
  return path.startsWith('/') ? '/' : '.'
}
