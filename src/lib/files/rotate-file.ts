import { copyFile, rename, rm, stat, truncate } from 'node:fs/promises'
import { isErrno } from './errno.ts'

/** Moves a file that is larger than `limit` bytes to `<path>.1`, over an older one. */
export async function rotateFile(path: string, limit: number): Promise<void> {
  try {
    if ((await stat(path)).size > limit) await rename(path, `${path}.1`)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}

/**
 * Empties a file that is larger than `limit` bytes, behind the back of the program that appends to it (O_APPEND), and keeps
 * what was in it as `<path>.1`. What is written in the moment between is lost.
 */
export async function rotateOpenFile(path: string, limit: number): Promise<void> {
  const temporary = `${path}.1.tmp`
  try {
    if ((await stat(path)).size <= limit) return
    await copyFile(path, temporary)
    await truncate(path)
    await rename(temporary, `${path}.1`)
  } catch (error) {
    await rm(temporary, { force: true })
    if (isErrno(error, 'ENOENT')) return
    // There is no room for a copy: the file goes without.
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error
    await truncate(path)
  }
}
