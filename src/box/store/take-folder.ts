import { constants, copyFile, lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { boxFiles, boxJsonLimit, parseBoxManifest } from '../box-manifest.ts'
import { checkFiles } from '../check-files.ts'
import type { BoxManifest } from '../model.ts'
import { boxJsonName } from '../store-paths.ts'

/** Copies what box.json names out of a folder into `target`, and nothing else; checks sizes and digests. */
export async function takeFolder(source: string, target: string): Promise<BoxManifest> {
  await refuseUnlessFile(source, boxJsonName, boxJsonLimit)
  const text = await readFile(join(source, boxJsonName), 'utf8')
  const manifest = parseBoxManifest(text, source)
  for (const file of boxFiles(manifest)) await refuseUnlessFile(source, file.file, file.size)
  // Shares the blocks where the filesystem can.
  for (const name of [boxJsonName, ...boxFiles(manifest).map((file) => file.file)])
    await copyFile(
      join(source, name),
      join(target, name),
      constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL,
    )
  await checkFiles(target, manifest, source)
  return manifest
}

async function refuseUnlessFile(source: string, name: string, limit: number): Promise<void> {
  const refuse = (problem: string) => {
    throw new PosadaError('E_BOX_INVALID', `${source} is not a box: ${problem}`, {
      value: source,
      hint: 'a box is a folder with a box.json and the files that it names, or an archive of one',
    })
  }
  try {
    const found = await lstat(join(source, name))
    if (!found.isFile()) refuse(`${name} is not a regular file`)
    if (found.size > limit) refuse(`${name} is too large (${found.size} bytes, limit ${limit})`)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
    refuse(`it has no ${name}`)
  }
}
