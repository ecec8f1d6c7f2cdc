import { chmod, lstat, stat } from 'node:fs/promises'
import { PosadaError } from '../errors/index.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import { sudoUserId, userId } from '../lib/process/user-id.ts'
import type { ProjectPaths } from './paths.ts'
import { foreign } from './seal.ts'

/** Makes `.posada` where it is missing: open to its owner only, and never shown by git. E_SUDO, E_STATE_FOREIGN. */
export async function makeOwnFolder({
  dir,
  root,
  gitignore,
}: Pick<ProjectPaths, 'dir' | 'root' | 'gitignore'>): Promise<void> {
  const sudoer = sudoUserId()
  if (sudoer !== null && (await stat(root)).uid === sudoer) throw withoutSudo(root)
  await makeFolder(dir, { mode: 0o700 })
  const found = await lstat(dir)
  if (!found.isDirectory() || found.uid !== userId()) throw foreign(dir, 'is not a folder of this user')
  if ((found.mode & 0o077) !== 0) await chmod(dir, 0o700)
  if ((await readTextIfThere(gitignore)) === null) await writeFileAtomic(gitignore, '*\n')
}

function withoutSudo(root: string): PosadaError {
  return new PosadaError('E_SUDO', 'the project belongs to the user who started this with sudo', {
    value: root,
    hint: 'run it without sudo: Posada needs no root, and what root makes here keeps you out afterwards',
  })
}
