import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isErrno } from './errno.ts'

/**
 * Makes a folder, and those above it that are missing; `mode` is that of new ones. Throws the system's own reason,
 * with the path that could not be made. Node's recursive mkdir says ENOENT where a file system is read-only, and
 * never ends where the kernel says so, as in /proc.
 */
export async function makeFolder(path: string, options: { mode?: number } = {}): Promise<void> {
  try {
    await makeOne(path, options)
  } catch (error) {
    if (!isErrno(error, 'ENOENT') || dirname(path) === path) throw error
    await makeFolder(dirname(path), options)
    await makeOne(path, options)
  }
}

async function makeOne(path: string, options: { mode?: number }): Promise<void> {
  try {
    await mkdir(path, options)
  } catch (error) {
    // A read-only file system and a place that this user may not write to come before EEXIST.
    if (!isErrno(error, 'EEXIST', 'EROFS', 'EACCES', 'EPERM') || !(await isFolder(path))) throw error
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}
