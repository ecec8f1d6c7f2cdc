import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isErrno } from './errno.ts'
import { makeFolder } from './make-folder.ts'

/**
 * Writes a whole file or leaves the old one: a temporary file in the same folder, flushed, renamed
 * over `path`, the folder flushed. Folders that are missing are made. `mode` is that of a new file.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  await makeFolder(dirname(path))
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o644)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw named(error, path)
  }
  await flushFolder(dirname(path))
}

/** The file's text, or null where there is none. */
export async function readTextIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

/** Node names the file in the errors of open(2) and rename(2), not in those of write(2). */
function named(error: unknown, path: string): unknown {
  const bare = error instanceof Error && 'code' in error && !('path' in error)
  return bare ? Object.assign(error, { path }) : error
}

/** Makes what was renamed or made in a folder last over a power cut. Source: fsync(2). */
export async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
