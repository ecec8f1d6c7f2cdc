import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive, processIdentity } from '../process/process-identity.ts'
import { isErrno } from './errno.ts'
import { namesIn } from './folders.ts'

/**
 * Makes `<parent>/<prefix><pid>-<start time>-<random>` for work of this process. Whoever calls
 * `sweepWorkFolders` later takes it away once this process is gone.
 */
export async function makeWorkFolder(parent: string, prefix: string, mode = 0o700): Promise<string> {
  const self = await processIdentity(process.pid)
  const start = Buffer.from(self?.startTime ?? '').toString('hex')
  const folder = join(parent, `${prefix}${process.pid}-${start}-${randomBytes(4).toString('hex')}`)
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
  remove: (folder: string) => Promise<void> = (folder) => rm(folder, { recursive: true, force: true }),
): Promise<void> {
  for (const name of await namesIn(parent)) {
    const match = /^(\d{1,10})-([0-9a-f]*)-[0-9a-f]{8}$/.exec(
      name.startsWith(prefix) ? name.slice(prefix.length) : '',
    )
    if (match === null) continue
    const [, pid = '', start = ''] = match
    const owner = { pid: Number(pid), startTime: Buffer.from(start, 'hex').toString() }
    if (await isAlive(owner)) continue
    const folder = join(parent, name)
    if (await isOurs(folder)) await remove(folder)
  }
}

/** In a shared /tmp another user may have made the same name. */
async function isOurs(folder: string): Promise<boolean> {
  try {
    const { uid } = await lstat(folder)
    return process.getuid === undefined || uid === process.getuid()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}
