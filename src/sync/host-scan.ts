import { createHash } from 'node:crypto'
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { pool } from '../lib/async/pool.ts'
import { isErrno } from '../lib/files/errno.ts'
import type { Ancestor } from './ancestor.ts'
import { isInside, statHost } from './host-stat.ts'
import type { Ignored } from './ignored.ts'
import { below } from './paths.ts'
import { Finder, type Scope, type Sight } from './sight.ts'
import { identityOf, type Stat } from './stamp.ts'

interface Looking {
  ancestor: Ancestor
  ignored: Ignored
}

/** How the host's folder differs from the common ancestor. Links are not followed, other file systems not entered. */
export async function scanHost(
  root: string,
  looking: Looking,
  scope: Scope,
): Promise<Sight & { count: number }> {
  const finder = new Finder('host', looking, scope)
  const now = BigInt(Date.now()) * 1_000_000n
  const { dev } = lstatSync(root, { bigint: true })
  const breath = breather()
  const looked = (path: string, isTop: boolean) => {
    try {
      return !isTop || isInside(root, path) ? statHost(root, path) : null
    } catch (error) {
      if (!isErrno(error, 'EACCES', 'EPERM')) throw error
      finder.refuse(path, 'it cannot be read')
      return null
    }
  }
  const walk = async (path: string, isTop = false): Promise<void> => {
    await breath()
    const found = looked(path, isTop)
    if (found === null) return
    if (found.dev !== dev) return finder.refuse(path, 'it is on another file system')
    if (!finder.see(path, found) || found.kind !== 'folder') return
    for (const name of namesIn(root, path, finder)) await walk(`${path}/${name}`)
  }
  const tops = scope === 'all' ? namesIn(root, '', finder) : scope
  for (const path of tops) await walk(path, true)
  const sight = await finder.finish(now, (suspects) => digestsOf(root, suspects))
  return { ...sight, count: finder.count }
}

function namesIn(root: string, path: string, finder: Finder): string[] {
  try {
    return readdirSync(below(root, path), { encoding: 'latin1' })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    if (!isErrno(error, 'EACCES', 'EPERM')) throw error
    finder.refuse(path, 'it cannot be read')
    return []
  }
}

/** Lets other work of this process have its turn. */
function breather(): () => Promise<void> {
  let count = 0
  return async () => {
    if (++count % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

async function digestsOf(root: string, suspects: ReadonlyMap<string, Stat>): Promise<Map<string, string>> {
  const digests = new Map<string, string>()
  await pool(4, suspects, async ([path, stat]) => {
    if (stat.kind !== 'folder') digests.set(path, await digestOf(root, path, stat))
  })
  return digests
}

async function digestOf(root: string, path: string, stat: Stat): Promise<string> {
  try {
    if (stat.kind === 'link') return sha256(readlinkSync(below(root, path), { encoding: 'buffer' }))
    const hash = createHash('sha256')
    for await (const bytes of readHost(root, path, stat)) hash.update(bytes)
    const after = statHost(root, path)
    return after !== null && identityOf(after) === identityOf(stat) ? hash.digest('hex') : 'busy'
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL')) return 'busy'
    if (isErrno(error, 'EACCES', 'EPERM')) return '!it cannot be read'
    throw error
  }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that are read at once. */
const piece = 2 ** 18

const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Without Node's threads, which take most of the time of small files. */
function readSmall(path: Buffer, size: number): Buffer {
  const file = openSync(path, flags)
  try {
    const buffer = Buffer.allocUnsafe(size)
    return buffer.subarray(0, size === 0 ? 0 : readSync(file, buffer, 0, size, 0))
  } finally {
    closeSync(file)
  }
}

/** The content of a file of the host, up to the size that it had. */
export async function* readHost(
  root: string,
  path: string,
  { size }: { size: number },
): AsyncGenerator<Buffer> {
  if (size <= piece) return yield readSmall(below(root, path), size)
  const file = await open(below(root, path), flags)
  try {
    for (let left = size; left > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(piece, left))
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
