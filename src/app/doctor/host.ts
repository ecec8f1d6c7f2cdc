import { execFile } from 'node:child_process'
import { rmdir, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { formatSize } from '../../lib/values/units.ts'
import { ensureRuntimeDir } from '../../project/index.ts'
import type { Check } from './model.ts'

const run = promisify(execFile)
const GIB = 1024 ** 3
/** A Debian box with a machine that has been worked in. */
const DISK_WARN = 5 * GIB
/** Less than the smallest box with a machine. */
const DISK_FAIL = GIB / 2

/** The version of Node.js; bin/posada.js has refused those that are too old. */
export function checkNode(): Check {
  return { name: 'node', status: 'ok', message: `Node.js ${process.version}` }
}

/** Whether sockets can be made where Posada wants them. Leaves nothing behind. */
export async function checkRuntimeDir(runtime: string): Promise<Check> {
  try {
    await rmdir(await ensureRuntimeDir(runtime, '00000000'))
    return { name: 'sockets', status: 'ok', message: `sockets can be made in ${runtime}` }
  } catch (error) {
    if (isPosadaError(error)) return failed('sockets', error.message, error.hint)
    if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) {
      return failed(
        'sockets',
        `${runtime} cannot be written to (${error.code})`,
        'set XDG_RUNTIME_DIR to a folder of your own',
      )
    }
    throw error
  }
}

/** Room on the disk that holds a folder, or will hold it. */
export async function checkDisk(name: string, folder: string): Promise<Check> {
  const { bavail, bsize } = await statfsOfNearest(folder)
  const free = bavail * bsize
  const message = `${formatSize(free)} free for ${folder}`
  if (free < DISK_FAIL)
    return failed(name, message, `free some space: a machine needs at least ${formatSize(DISK_FAIL)}`)
  if (free < DISK_WARN) return { name, status: 'warn', message, hint: 'a Debian machine may need more' }
  return { name, status: 'ok', message }
}

async function statfsOfNearest(folder: string): Promise<{ bavail: number; bsize: number }> {
  try {
    return await statfs(folder)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES') || dirname(folder) === folder) throw error
    return statfsOfNearest(dirname(folder))
  }
}

/** Whether an ordinary user can build boxes: mmdebstrap needs user namespaces then. Root needs none. */
export async function checkNamespaces(): Promise<Check> {
  const name = 'namespaces'
  if (process.getuid?.() === 0)
    return { name, status: 'ok', message: 'root builds boxes without user namespaces' }
  try {
    await run('unshare', ['--user', '--map-root-user', 'true'], { timeout: 10_000 })
    return { name, status: 'ok', message: 'user namespaces work' }
  } catch (error) {
    const reason =
      error instanceof Error
        ? (error.message.split('\n').find((line) => line.startsWith('unshare:')) ?? error.message)
        : ''
    return {
      name,
      status: 'warn',
      message: `user namespaces do not work, so boxes cannot be built without root: ${reason}`,
      hint: 'let the system administrator set kernel.unprivileged_userns_clone=1, or build boxes as root',
    }
  }
}

function failed(name: string, message: string, hint: string | undefined): Check {
  return { name, status: 'fail', message, ...(hint === undefined ? {} : { hint }) }
}
