import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../lib/files/errno.ts'
import { writeFileAtomic } from '../lib/files/write-file.ts'

/** Lower-case hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What the folder has of a digest; null where it is not there, not whole or larger than `limit` bytes. */
export async function readCached(folder: string, sha256: string, limit: number): Promise<Buffer | null> {
  try {
    const file = await open(cachedPath(folder, sha256))
    try {
      if ((await file.stat()).size > limit) return null
      const bytes = await file.readFile()
      return sha256Of(bytes) === sha256 ? bytes : null
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

/** Puts bytes into the folder, under their digest. What is fetched may be private. */
export async function writeCached(folder: string, sha256: string, bytes: Uint8Array): Promise<void> {
  await writeFileAtomic(cachedPath(folder, sha256), bytes, { mode: 0o600 })
}

/** The name under which the folder has a digest. */
function cachedPath(folder: string, sha256: string): string {
  return join(folder, sha256)
}
