import { basename } from 'node:path'
import { list, partOf, readShape, text } from '../lib/values/shape.ts'
import { corrupt } from './json-file.ts'
import type { MachinePaths } from './paths.ts'
import { readSealed, type SealedFile, writeSealed } from './seal.ts'

const shape = partOf({
  disks: list(text({ pattern: /^[a-z][a-z0-9-]{0,19}$/, problem: 'not the name of a disk' })),
})

const hint = 'posada destroy --disks removes the disks that were kept'

/**
 * Names of the disks that outlived their machine; none where no machine left any. The record is sealed: an image that came
 * with a repository could name any file of the host as its base. E_STATE_FOREIGN, E_STATE_CORRUPT.
 */
export async function readKeptDisks(paths: MachinePaths): Promise<string[]> {
  const value = await readSealed(fileOf(paths), { version: 1, hint })
  if (value === null) return []
  const read = readShape(shape, value)
  if ('flaws' in read)
    throw corrupt({ path: paths.keptDisks, hint }, read.flaws[0] ?? 'a part of it is missing')
  return read.value.disks
}

export async function writeKeptDisks(paths: MachinePaths, disks: readonly string[]): Promise<void> {
  await writeSealed(fileOf(paths), { version: 1, disks })
}

function fileOf({ dir, keptDisks, user }: MachinePaths): SealedFile {
  return { path: keptDisks, of: `kept disks of ${basename(dir)}`, user }
}
