import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { sha256OfFile } from '../../lib/files/hash-file.ts'

/** Raised when code of this folder changes what comes out of a build. */
const generation = 2

/**
 * Digest of what a box is made of: the recipe's folder and those of the recipes below it, the shared build
 * scripts, files that lie elsewhere, the architecture. Not the packages: a build with the same inputs is skipped although
 * Debian has newer ones.
 */
export async function inputsDigest(options: {
  /** The recipe's own last. */
  recipes: readonly string[]
  /** Null: it takes none of the scripts. */
  lib: string | null
  arch: string
  files?: readonly string[]
}): Promise<string> {
  const hash = createHash('sha256').update(`posada box ${generation} ${options.arch}\0`)
  for (const folder of options.recipes) await addFolder(hash, folder, 'recipe')
  if (options.lib !== null) await addFolder(hash, options.lib, 'lib')
  for (const path of options.files ?? [])
    if (await exists(path)) hash.update(`media ${await sha256OfFile(path)}\0`)
  return hash.digest('hex')
}

async function addFolder(hash: Hash, folder: string, label: string): Promise<void> {
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name)
    const found = await lstat(path)
    const executable = (found.mode & 0o111) !== 0
    hash.update(`${label}/${name}\0${executable ? 'x' : '-'}\0`)
    if (found.isDirectory()) await addFolder(hash, path, `${label}/${name}`)
    else if (found.isSymbolicLink()) hash.update(`link ${await readlink(path)}\0`)
    else if (found.isFile()) await addFile(hash, path, found.size)
    else throw notAFile(path)
  }
}

/** In pieces: a disc may lie there. */
async function addFile(hash: Hash, path: string, size: number): Promise<void> {
  hash.update(`file ${size}\0`)
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(piece)
}

/** A pipe or a device would be read without end. */
function notAFile(path: string): PosadaError {
  return new PosadaError('E_BOX_BUILD', `${path} is not a file, a folder or a link`, {
    value: path,
    hint: 'a recipe consists of files, folders and links; create others in prepare.sh',
  })
}
