import { open, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { namesIn } from '../../lib/files/folders.ts'
import { sha256OfFile } from '../../lib/files/hash-file.ts'
import { makeFolder } from '../../lib/files/make-folder.ts'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import type { UserPaths } from '../../project/index.ts'
import { writeMessage } from '../wire/lines.ts'

/** Milliseconds for which a file is kept that no machine is made from. */
const keptFor = 14 * 24 * 3600 * 1000
const digestForm = /^[0-9a-f]{64}$/

/** Where the file is that `sha256:…` stands for. E_HOST_FAILED for what is none. */
export function imagePath(user: UserPaths, token: string): string {
  const digest = token.replace(/^sha256:/, '')
  if (!digestForm.test(digest))
    throw new PosadaError('E_HOST_FAILED', 'this is not the digest of a file', { value: token.slice(0, 100) })
  return join(user.hosted, 'images', digest)
}

interface Wanted {
  digest: string
  size: number
}

/** Of two that send one file the second waits, and finds it here. */
const underway = new Map<string, Promise<void>>()

/**
 * Takes a file by its digest: says what is here of it, takes the rest, and makes it the file once its digest is right. What
 * was cut short is gone on with; a part that turned out wrong is thrown away.
 */
export async function takeImage(stream: Duplex, user: UserPaths, wanted: Wanted): Promise<void> {
  const before = underway.get(wanted.digest)
  const work = (before ?? Promise.resolve()).then(() => take(stream, user, wanted))
  const settled = work.catch(() => undefined)
  underway.set(wanted.digest, settled)
  await work.finally(() => underway.get(wanted.digest) === settled && underway.delete(wanted.digest))
}

async function take(stream: Duplex, user: UserPaths, { digest, size }: Wanted): Promise<void> {
  const path = imagePath(user, digest)
  const now = new Date()
  if ((await sizeOf(path)) === size) {
    await utimes(path, now, now)
    writeMessage(stream, { result: { has: true } })
    return
  }
  await makeFolder(join(user.hosted, 'images'), { mode: 0o700 })
  const part = `${path}.part`
  const has = Math.min((await sizeOf(part)) ?? 0, size)
  const file = await open(part, 'a', 0o600)
  let at = has
  try {
    await file.truncate(has)
    writeMessage(stream, { result: { from: has } })
    for await (const bytes of stream as AsyncIterable<Buffer>) {
      at += bytes.length
      if (at > size) break
      await file.appendFile(bytes)
    }
    await file.datasync()
  } finally {
    await file.close()
  }
  // The other side has gone: what is there counts the next time.
  if (at < size) return
  if (at > size || (await sha256OfFile(part)) !== digest) {
    await rm(part, { force: true })
    throw new PosadaError('E_HOST_FAILED', 'a file did not arrive as it was sent', {
      hint: 'run the command again',
    })
  }
  await rename(part, path)
}

/** Takes away files that no machine here is made from and that have not been asked for in a while. */
export async function sweepImages(user: UserPaths): Promise<void> {
  const specs = (await namesIn(user.hosted)).map((name) =>
    readTextIfThere(join(user.hosted, name, 'spec.json')),
  )
  const used = (await Promise.all(specs)).join()
  for (const name of await namesIn(join(user.hosted, 'images'))) {
    const path = join(user.hosted, 'images', name)
    const age = Date.now() - (await stat(path)).mtimeMs
    if (age > keptFor && !used.includes(name)) await rm(path, { force: true })
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}
