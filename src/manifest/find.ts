import { lstat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isErrno } from '../lib/files/errno.ts'
import { cannotRead } from './read-file.ts'

export const manifestName = 'posada.yaml'

/**
 * Absolute path of the posada.yaml in `from` or the nearest folder above; null where there is none.
 * Whatever bears the name is found, so that a folder or a broken link is spoken of, not passed over.
 */
export async function findManifest(from: string): Promise<string | null> {
  return findUpwards(from, manifestName)
}

export async function findUpwards(from: string, name: string): Promise<string | null> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = join(folder, name)
    if (await exists(file)) return file
    if (folder === dirname(folder)) return null
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw cannotRead(file, error)
  }
}
