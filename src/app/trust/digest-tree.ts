import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isTrustedOwner } from '../../lib/process/user-id.ts'

/** Bounds on the code that a project may bring; it is read before each use. */
const limits = { files: 20_000, bytes: 256 * 2 ** 20 }

/**
 * SHA-256 of a folder of code: names, contents, and of links where they lead and what is there. What another user may
 * change is refused: E_OWNER. E_UNTRUSTED where it is too large to be looked through.
 */
export async function digestTree(folder: string): Promise<Buffer> {
  const hash = createHash('sha256')
  let files = 0
  let bytes = 0
  const add = async (path: string, name: string): Promise<void> => {
    const found = await lstat(path)
    if (!isTrustedOwner(found.uid)) throw ofAnother(path)
    files += 1
    bytes += found.size
    if (files > limits.files || bytes > limits.bytes) throw tooLarge(folder)
    if (found.isDirectory()) {
      hash.update(`${JSON.stringify(name)} folder\n`)
      for (const each of (await readdir(path)).sort()) await add(join(path, each), `${name}/${each}`)
    } else if (found.isSymbolicLink()) {
      hash.update(`${JSON.stringify(name)} link ${JSON.stringify(await readlink(path))}\n`)
      // What a link to a file gives is code as well; a folder elsewhere is a package of its own.
      const target = await stat(path).catch(() => null)
      if (target?.isFile()) await add(await realpath(path), name)
    } else if (found.isFile()) {
      const content = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
      hash.update(`${JSON.stringify(name)} file ${content}\n`)
    }
  }
  await add(await realpath(folder), '.')
  return hash.digest()
}

function ofAnother(path: string): PosadaError {
  return new PosadaError('E_OWNER', `${path} belongs to another user, who may change what it does`, {
    value: path,
    hint: 'use a copy of your own',
  })
}

function tooLarge(folder: string): PosadaError {
  return new PosadaError('E_UNTRUSTED', `${folder} is too large to be looked through`, {
    value: folder,
    hint: `at most ${limits.files} files and ${limits.bytes / 2 ** 20} MiB; install it outside the project: npm install --global`,
  })
}
