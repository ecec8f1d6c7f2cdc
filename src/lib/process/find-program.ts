import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isErrno } from '../files/errno.ts'

/**
 * Absolute path of a program, looked up in `path` (PATH unless given); a name with a slash is a path
 * of its own. Null: there is none that may be run.
 */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | null {
  if (name.includes('/')) return isProgram(name) ? name : null
  const folders = path.split(delimiter).filter((folder) => folder.startsWith('/'))
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null
}

function isProgram(path: string): boolean {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (isErrno(error, 'EACCES')) return false
    throw error
  }
}
