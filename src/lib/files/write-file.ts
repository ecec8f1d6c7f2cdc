import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isErrno } from './errno.ts'
import { namesIn } from './folders.ts'
import { makeFolder } from './make-folder.ts'

/**
 * Writes a whole file or leaves the old one: a temporary file in the same folder, flushed, renamed
 * over `path`, the folder flushed. Folders that are missing are made. `mode` is that of a new file. What earlier
 * writes of it left that were killed is removed.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  const folder = dirname(path)
  await makeFolder(folder)
  await sweep(path)
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
  await flushFolder(folder)
}

/** The file's text, or null where there is none. */
export async function readTextIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    // What fails once the file is open (it is a folder, say) does not say where.
    throw error instanceof Error ? Object.assign(error, { path }) : error
  }
}

async function sweep(path: string): Promise<void> {
  const folder = dirname(path)
  for (const name of await namesIn(folder)) {
    const pid = name.startsWith(`${basename(path)}.`)
      ? /^\.(\d{1,10})-[0-9a-f]{8}\.tmp$/.exec(name.slice(basename(path).length))?.[1]
      : undefined
    if (pid !== undefined && hasEnded(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

/** False also where another process has the number by now: then a later write removes what was left. */
function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return isErrno(error, 'ESRCH')
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
