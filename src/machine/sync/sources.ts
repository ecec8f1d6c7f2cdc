import { realpath, stat } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { Machine, MountedFolder, SyncedFolder } from '../../manifest/index.ts'

/** Makes sure that the folders of the host which a machine is to have are there, before it is started for them. E_SYNC_SOURCE. */
export async function checkSources({ sync, mounts }: Machine): Promise<void> {
  for (const folder of [...sync, ...mounts]) await sourceOf(folder)
}

/** Where a folder of the host really is: no link is left in the path. E_SYNC_SOURCE. */
export async function sourceOf({ from, place }: SyncedFolder | MountedFolder): Promise<string> {
  const refuse = (why: string, hint: string) =>
    new PosadaError('E_SYNC_SOURCE', `the folder ${from} ${why}`, { value: from, place, hint })
  try {
    const path = await realpath(from)
    if (!(await stat(path)).isDirectory())
      throw refuse('is not a folder', 'name the folder that it is in, or use a step with file:')
    if (path === '/') throw refuse('is the whole file system', 'name a folder in it')
    return path
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) throw refuse('does not exist', 'create it, or correct the path')
    if (isErrno(error, 'ELOOP')) throw refuse('is a link that points back to itself', 'correct the link')
    if (isErrno(error, 'EACCES')) throw refuse('cannot be opened: permission denied', 'check its permissions')
    throw error
  }
}
