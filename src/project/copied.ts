import { isErrno } from '../lib/files/errno.ts'
import { isSameFile } from '../lib/files/folders.ts'
import { readTextIfThere } from '../lib/files/write-file.ts'

/**
 * Whether `here` is a copy of the file at `original`, where it was written: that file is still there,
 * holds the same id, and is not this very file by another path. One that may not be looked into is
 * somebody else's, and counts as there.
 */
export async function isCopyOf(original: string, here: string, id: string): Promise<boolean> {
  try {
    const text = await readTextIfThere(original)
    return text?.includes(`"${id}"`) === true && !(await isSameFile(original, here))
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) return true
    throw error
  }
}
