import { mkdir } from 'node:fs/promises'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import type { ProjectPaths } from './paths.ts'

/** Makes `.posada` where it is missing: open to its owner only, and never shown by git. */
export async function makeOwnFolder({
  dir,
  gitignore,
}: Pick<ProjectPaths, 'dir' | 'gitignore'>): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  if ((await readTextIfThere(gitignore)) === null) await writeFileAtomic(gitignore, '*\n')
}
