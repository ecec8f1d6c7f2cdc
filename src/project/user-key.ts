import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { flushFolder } from '../lib/files/write-file.ts'
import { userId } from '../lib/process/user-id.ts'
import { sweepWork, workName } from '../lib/process/work-folder.ts'

/** Bytes: as many as HMAC-SHA-256 makes use of. Source: RFC 2104, section 3. */
const keySize = 32

/** This user's key; null where there is none yet. E_NO_PERMISSION where it is not this user's alone. */
export async function readKey(path: string): Promise<Buffer | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const found = await file.stat()
      if (!found.isFile() || found.uid !== userId() || (found.mode & 0o077) !== 0) throw notPrivate(path)
      const key = await file.readFile()
      return key.length === keySize ? key : null
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw isErrno(error, 'ELOOP') ? notPrivate(path) : error
  }
}

/** This user's key, made where there is none; all who make one at once come to the same. */
export async function ensureKey(path: string): Promise<Buffer> {
  const names = { prefix: `${basename(path)}.`, suffix: '.new' }
  for (;;) {
    const key = await readKey(path)
    if (key !== null) return key
    await sweepWork(dirname(path), names)
    const temporary = join(dirname(path), await workName(names))
    try {
      await writeNew(temporary, randomBytes(keySize))
      // A link, unlike a rename, fails where another was first.
      await link(temporary, path)
      await flushFolder(dirname(path))
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
      if ((await readKey(path)) === null) await rm(path, { force: true }) // cut short, or not a key
    } finally {
      await rm(temporary, { force: true })
    }
  }
}

/** Not by another temporary file, which no one would look for. */
async function writeNew(path: string, content: Uint8Array): Promise<void> {
  await makeFolder(dirname(path))
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

function notPrivate(path: string): PosadaError {
  return new PosadaError('E_NO_PERMISSION', `${path} is not a file that only this user may read`, {
    value: path,
    hint: `if it is yours: chmod 600 '${path}'; otherwise remove it`,
  })
}
