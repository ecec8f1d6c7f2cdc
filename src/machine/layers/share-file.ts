import { copyFile, link } from 'node:fs/promises'
import { isErrno } from '../../lib/files/errno.ts'

/**
 * Gives a file that no one writes to a second name; a copy where the file system has none of these, or the file has as many
 * as it takes. False: it was copied.
 */
export async function shareFile(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (!isErrno(error, 'EXDEV', 'EPERM', 'EMLINK')) throw error
    await copyFile(from, to)
    return false
  }
}
