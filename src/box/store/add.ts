import { stat } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { takeArchive } from '../archive/take-archive.ts'
import type { StoredBox } from '../model.ts'
import type { StorePaths } from '../store-paths.ts'
import { type AdmitOptions, admitBox } from './admit.ts'
import { takeFolder } from './take-folder.ts'

/**
 * Adds a box from a folder or an archive (.tar, .tar.gz, .tar.zst). What is there already under the
 * same name, version and architecture is E_BOX_EXISTS unless it is the same, or `force` is given.
 */
export function addBox(
  paths: StorePaths,
  source: string,
  options: Pick<AdmitOptions, 'force' | 'usedBy'> = {},
): Promise<StoredBox> {
  return admitBox(
    paths,
    async (folder) => ((await isFolder(source)) ? takeFolder(source, folder) : takeArchive(source, folder)),
    options,
  )
}

/** E_BOX_INVALID where nothing is there. */
export async function isFolder(source: string): Promise<boolean> {
  try {
    return (await stat(source)).isDirectory()
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
    throw new PosadaError('E_BOX_INVALID', `there is no box at ${source}`, {
      value: source,
      hint: 'give the path of a box’s folder (with a box.json) or archive (.tar, .tar.gz, .tar.zst)',
      cause: error,
    })
  }
}
