import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../files/errno.ts'
import { namesIn } from '../files/folders.ts'
import { isAlive, processIdentity } from './process-identity.ts'
import { userId } from './user-id.ts'

/** What the names of one kind of work begin and end with. */
interface WorkNames {
  prefix: string
  suffix?: string
}

/**
 * `<prefix><pid>-<start time>-<random><suffix>`: a name for work of this process, which `sweepWork` takes away once this
 * process is gone.
 */
export async function workName({ prefix, suffix = '' }: WorkNames): Promise<string> {
  const self = await processIdentity(process.pid)
  const start = Buffer.from(self?.startTime ?? '').toString('hex')
  return `${prefix}${process.pid}-${start}-${randomBytes(4).toString('hex')}${suffix}`
}

/** Makes a folder with such a name, and the folders above it. */
export async function makeWorkFolder(parent: string, prefix: string, mode = 0o700): Promise<string> {
  const folder = join(parent, await workName({ prefix }))
  await mkdir(parent, { recursive: true })
  await mkdir(folder, { mode: 0o700 })
  // mkdir would take the umask's bits away.
  await chmod(folder, mode)
  return folder
}

/** Removes the work folders of this user whose process has ended. Others are left alone. */
export async function sweepWorkFolders(
  parent: string,
  prefix: string,
  remove?: (folder: string) => Promise<void>,
): Promise<void> {
  await sweepWork(parent, { prefix }, remove)
}

/** The same for files and folders whose names `workName` made; nothing where the folder may not be looked into. */
export async function sweepWork(
  parent: string,
  { prefix, suffix = '' }: WorkNames,
  remove: (path: string) => Promise<void> = (path) => rm(path, { recursive: true, force: true }),
): Promise<void> {
  for (const name of await readable(parent)) {
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) continue
    const middle = name.slice(prefix.length, name.length - suffix.length)
    const match = /^(\d{1,10})-([0-9a-f]*)-[0-9a-f]{8}$/.exec(middle)
    if (match === null) continue
    const [, pid = '', start = ''] = match
    const owner = { pid: Number(pid), startTime: Buffer.from(start, 'hex').toString() }
    if (await isAlive(owner)) continue
    const path = join(parent, name)
    if (await isOurs(path)) await remove(path)
  }
}

async function readable(parent: string): Promise<string[]> {
  try {
    return await namesIn(parent)
  } catch (error) {
    if (isErrno(error, 'EACCES')) return []
    throw error
  }
}

/** In a shared /tmp another user may have made the same name. */
async function isOurs(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).uid === userId()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}
