import { lstatSync, realpathSync } from 'node:fs'
import { isErrno } from '../lib/files/errno.ts'
import { below } from './paths.ts'
import { parentOf } from './reconcile.ts'
import type { Stat } from './stamp.ts'

/** What is at a path of the host, nothing followed; null: nothing. EACCES where a folder on the way is closed. */
export function statHost(root: string, path: string): (Stat & { dev: bigint }) | null {
  const found = lookAt(root, path)
  if (found === undefined) return null
  const kind = found.isFile()
    ? 'file'
    : found.isDirectory()
      ? 'folder'
      : found.isSymbolicLink()
        ? 'link'
        : 'odd'
  return {
    kind,
    mode: Number(found.mode & 0o777n),
    size: Number(found.size),
    inode: String(found.ino),
    changed: found.mtimeNs,
    touched: found.ctimeNs,
    dev: found.dev,
  }
}

function lookAt(root: string, path: string) {
  try {
    return lstatSync(below(root, path), { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isErrno(error, 'ENOTDIR', 'ELOOP')) return undefined
    throw error
  }
}

/** Whether the folder that a path lies in is there, and reached without a link. */
export function isInside(root: string, path: string): boolean {
  const parent = parentOf(path)
  if (parent === null) return true
  try {
    const real = realpathSync.native(below(root, parent), { encoding: 'buffer' })
    return real.equals(below(root, parent))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false
    throw error
  }
}
