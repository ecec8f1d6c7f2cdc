import { rmdir, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { formatSize } from '../../lib/values/units.ts'
import { ensureRuntimeDir } from '../../project/index.ts'
import type { Check } from './model.ts'

const gib = 1024 ** 3
/** A Debian box with a machine that has been worked in. */
const diskWarn = 5 * gib
/** The smallest box with a machine takes less. */
const diskFail = gib / 2

/** The first that its makers still support, beside those with odd numbers: https://nodejs.org/en/about/previous-releases */
const supportedNode = 22
export const recommendedNode = 24

/** The version of Node.js; bin/posada.js has refused those that are too old. */
export function checkNode(version: string = process.version): Check {
  const major = Number(version.slice(1).split('.')[0])
  if (major >= supportedNode) return { name: 'node', status: 'ok', message: `Node.js ${version}` }
  return {
    name: 'node',
    status: 'warn',
    message: `Node.js ${version} works, but is no longer supported by its makers`,
    hint: `install Node.js ${recommendedNode} or later`,
  }
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
  if (free < diskFail)
    return failed(name, message, `free some space: a machine needs at least ${formatSize(diskFail)}`)
  if (free < diskWarn) return { name, status: 'warn', message, hint: 'a Debian machine may need more' }
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
  const { failed, stderr, shortMessage } = await execa('unshare', ['--user', '--map-root-user', 'true'], {
    reject: false,
    timeout: 10_000,
  })
  if (!failed) return { name, status: 'ok', message: 'user namespaces work' }
  const reason = stderr?.split('\n').find((line) => line.startsWith('unshare:')) ?? shortMessage
  return {
    name,
    status: 'warn',
    message: `user namespaces do not work, so building boxes needs root: ${reason}`,
    hint: await namespacesCure((path) => readTextIfThere(join('/proc/sys', path))),
  }
}

/** What keeps ordinary users from namespaces of their own, each with the value that does it and the one that does not. */
const namespaceSettings = [
  // Debian's and Arch's kernels; Ubuntu since 23.10; namespaces(7).
  { path: 'kernel/unprivileged_userns_clone', off: '0', on: '1' },
  { path: 'kernel/apparmor_restrict_unprivileged_userns', off: '1', on: '0' },
  { path: 'user/max_user_namespaces', off: '0', on: '15000' },
]

/** What would let ordinary users build boxes. `read` gives a setting of the kernel, null where there is none. */
export async function namespacesCure(read: (path: string) => Promise<string | null>): Promise<string> {
  for (const { path, off, on } of namespaceSettings) {
    if ((await read(path))?.trim() === off)
      return `sudo sysctl -w ${path.replaceAll('/', '.')}=${on}, or build boxes as root`
  }
  return 'build boxes as root; in a container, allow the system calls that make user namespaces'
}

function failed(name: string, message: string, hint: string | undefined): Check {
  return { name, status: 'fail', message, ...(hint === undefined ? {} : { hint }) }
}
