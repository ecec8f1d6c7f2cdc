import { rm } from 'node:fs/promises'
import { execa } from 'execa'
import { isErrno } from '../../lib/files/errno.ts'
import { buildPath } from './requirements.ts'

/**
 * Takes away mmdebstrap's temporary folder. After a build that was killed in a user namespace it
 * holds files of that namespace's ids, which only the same namespace may remove.
 */
export async function removeBuildFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true })
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM', 'ENOTEMPTY')) throw error
    await execa('mmdebstrap', ['--unshare-helper', 'find', folder, '-mindepth', '1', '-delete'], {
      env: { PATH: buildPath() },
      stdin: 'ignore',
    })
    await rm(folder, { recursive: true, force: true })
  }
}
