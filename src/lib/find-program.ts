import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isErrno } from './errno.ts'

/** Absolute path of a program, looked up in PATH; a name with a slash is a path of its own. Null: there is none. */
export function findProgram(name: string): string | null {
  if (name.includes('/')) return isProgram(name) ? name : null
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'))
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null
}

function isProgram(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (isErrno(error, 'EACCES')) return false
    throw error
  }
}
