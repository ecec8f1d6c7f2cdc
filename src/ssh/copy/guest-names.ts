import { posix } from 'node:path'

/** Folders in one another. */
const depth = 100

/**
 * A name in a guest's archive as `a/b`, empty for what is copied itself; null for one that is not below it, or that no
 * folder could have. Each character is a byte. Pure.
 */
export function nameBelow(written: string): string | null {
  const parts = written.replace(/\/+$/, '').split('/')
  if (parts[0] === '.') parts.shift()
  if (parts.length > depth || !parts.every(isPlain)) return null
  return parts.join('/')
}

function isPlain(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && name.length <= 255
}

/** Whether a link of this name leads to somewhere in what is copied. Pure. */
export function leadsInside(name: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0')) return false
  const end = posix.normalize(posix.join(posix.dirname(name), target))
  return end !== '..' && !end.startsWith('../')
}
