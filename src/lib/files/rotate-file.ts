import { rename, stat } from 'node:fs/promises'
import { isErrno } from './errno.ts'

/** Moves a file that is larger than `limit` bytes to `<path>.1`, over an older one. */
export async function rotateFile(path: string, limit: number): Promise<void> {
  try {
    if ((await stat(path)).size > limit) await rename(path, `${path}.1`)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}
