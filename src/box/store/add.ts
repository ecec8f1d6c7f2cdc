import { createHash } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/errno.ts'
import { takeArchive } from '../archive/take-archive.ts'
import type { BoxManifest, StoredBox } from '../model.ts'
import { boxJsonName, type StorePaths } from '../store-paths.ts'
import { makeWorkFolder, sweepWorkFolders } from '../work-folder.ts'
import { dropUnnamed, placeFolder } from './place.ts'
import { listRefs, type Ref } from './refs.ts'
import { takeFolder } from './take-folder.ts'

/**
 * Adds a box from a folder or an archive (.tar, .tar.gz, .tar.zst). What is there already under the
 * same name, version and architecture is E_BOX_EXISTS unless it is the same, or `force` is given.
 */
export async function addBox(
  paths: StorePaths,
  source: string,
  options: { force?: boolean } = {},
): Promise<StoredBox> {
  await sweepWorkFolders(paths.tmp, 'add-')
  await sweepWorkFolders(paths.tmp, 'remove-')
  const folder = await makeWorkFolder(paths.tmp, 'add-')
  try {
    const manifest = (await isFolder(source))
      ? await takeFolder(source, folder)
      : await takeArchive(source, folder)
    const old = await findRef(paths, manifest)
    const digest = createHash('sha256')
      .update(await readFile(join(folder, boxJsonName)))
      .digest('hex')
    if (old !== undefined && old.digest !== digest && options.force !== true) throw taken(manifest)
    const stored = await placeFolder(paths, folder, old?.digest === digest ? old.inputs : null)
    if (old !== undefined && old.digest !== digest) await dropUnnamed(paths, old.digest)
    return stored
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function findRef(paths: StorePaths, { name, version, arch }: BoxManifest): Promise<Ref | undefined> {
  return (await listRefs(paths, name)).find((ref) => ref.version === version && ref.arch === arch)
}

async function isFolder(source: string): Promise<boolean> {
  try {
    return (await stat(source)).isDirectory()
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
    throw new PosadaError('E_BOX_INVALID', `there is no box at ${source}`, {
      value: source,
      hint: 'give the path of a folder with a box.json, or of an archive of one (.tar, .tar.gz, .tar.zst)',
      cause: error,
    })
  }
}

function taken({ name, version }: BoxManifest): PosadaError {
  return new PosadaError('E_BOX_EXISTS', `the store already has ${name}@${version}, with other content`, {
    value: `${name}@${version}`,
    hint: 'give --force to replace it',
  })
}
