import { stat } from 'node:fs/promises'
import { sha256OfFile } from '../../lib/files/hash-file.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { asObject } from '../../lib/values/as-object.ts'

/** Files that are remembered: the newest, for each has some 200 bytes. */
const most = 500

export interface KnownFile {
  digest: string
  size: number
}

/**
 * The digests of files, each read once for as long as it is not written to: by its path, inode, size and time, as make(1)
 * and git(1) go by. `cache` is a file that may be lost.
 */
export async function digestsOf(paths: readonly string[], cache: string): Promise<Map<string, KnownFile>> {
  const before = await readCache(cache)
  const found = new Map<string, KnownFile>()
  const now: Record<string, unknown> = {}
  for (const path of paths) {
    const { size, mtimeNs, ino } = await stat(path, { bigint: true })
    const mark = `${ino}:${size}:${mtimeNs}`
    const known = asObject(before[path])
    const digest = known.mark === mark ? String(known.digest) : await sha256OfFile(path)
    found.set(path, { digest, size: Number(size) })
    now[path] = { mark, digest }
  }
  const all = { ...before, ...now }
  const isNew = paths.some((path) => asObject(before[path]).mark !== asObject(now[path]).mark)
  if (isNew)
    await writeFileAtomic(cache, JSON.stringify(Object.fromEntries(Object.entries(all).slice(-most))))
  return found
}

async function readCache(cache: string): Promise<Record<string, unknown>> {
  try {
    return asObject(JSON.parse((await readTextIfThere(cache)) ?? '{}'))
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
