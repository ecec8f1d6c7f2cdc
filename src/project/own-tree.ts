import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { userId } from '../lib/process/user-id.ts'
import type { ProjectPaths } from './paths.ts'
import { foreign } from './seal.ts'

/** Levels of folders in `.posada`, with room for those of providers. */
const depthLimit = 16

/**
 * Looks through `.posada` before anything in it is opened: folders and files of this user only, and no links,
 * which could lead anywhere. E_STATE_FOREIGN. After that nothing of another user's can get in, because the folder
 * is this user's; `makeOwnFolder` sees to its mode.
 */
export function checkOwnTree({ dir }: Pick<ProjectPaths, 'dir'>): void {
  check(dir, 0)
}

function check(path: string, depth: number): void {
  try {
    const found = lstatSync(path)
    if (found.isSymbolicLink()) throw foreign(path, 'is a symbolic link; Posada makes none there')
    if (found.uid !== userId()) throw ofAnother(path, found.uid)
    if (found.isFile() || found.isSocket()) return
    if (!found.isDirectory() || depth > depthLimit)
      throw foreign(path, 'is not a file or folder of the kind that Posada makes there')
    for (const name of readdirSync(path)) check(join(path, name), depth + 1)
  } catch (error) {
    // Another command may be removing files at the same time.
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}

function ofAnother(path: string, owner: number): PosadaError {
  const ofRoot = `if 'sudo posada up' made it: sudo posada destroy --yes, then sudo rm -r '${path}'; Posada needs no sudo`
  return owner === 0
    ? foreign(path, 'belongs to root', ofRoot)
    : foreign(path, `belongs to another user (number ${owner})`)
}
