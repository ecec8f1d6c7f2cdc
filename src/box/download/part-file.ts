import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { lockFile } from '../../lib/process/lock-file.ts'
import { optional, orNull, parseShape, record, text } from '../../lib/values/shape.ts'

/** What the server said of the file that is partly there. */
export interface PartNotes {
  etag: string | null
  lastModified: string | null
}

/** A download in progress, held by this process alone; what is in it outlives the process. */
export interface PartFile {
  path: string
  handle: FileHandle
  /** Whether another process had it first; what it was for may be there by now. */
  waited: boolean
  /** Null where nothing is known of what is in it. */
  readNotes(): Promise<PartNotes | null>
  writeNotes(notes: PartNotes): Promise<void>
  remove(): Promise<void>
}

/** Days after which a part that no command continued is removed. */
const keptDays = 7

/**
 * Opens the part of a download by its key (a file name), alone: whoever comes second waits, for the
 * kernel frees the lock when the holder ends, however it ends.
 */
export async function openPart(
  folder: string,
  key: string,
  { signal, onWait }: { signal: AbortSignal; onWait: () => void },
): Promise<PartFile> {
  const path = join(folder, `${key}.part`)
  const notes = join(folder, `${key}.json`)
  let waited = false
  const onHeld = () => {
    if (!waited) onWait()
    waited = true
  }
  for (;;) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const handle = await lockFile(path, { limit: Number.POSITIVE_INFINITY, onHeld, signal })
    if (handle === 'held' || handle === 'gone') continue
    return {
      path,
      handle,
      waited,
      readNotes: async () => parseShape(shape, await readTextIfThere(notes)),
      writeNotes: (value) => writeFileAtomic(notes, JSON.stringify(value), { mode: 0o600 }),
      remove: async () => {
        await rm(path, { force: true })
        await rm(notes, { force: true })
      },
    }
  }
}

/** A key for what comes from an address and has a checksum: a file name that says nothing of either. */
export function partKey(...facts: readonly string[]): string {
  return createHash('sha256').update(facts.join('\0')).digest('hex').slice(0, 40)
}

/** Removes parts that have not been touched for a week. */
export async function sweepParts(folder: string, now = Date.now()): Promise<void> {
  for (const name of await namesOf(folder)) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return { mtimeMs: now }
      throw error
    })
    if (now - mtimeMs > keptDays * 86_400_000) await rm(path, { recursive: true, force: true })
  }
}

async function namesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => /^[0-9a-f]{40}\.(part|json|pull)$/.test(name))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

const header = optional(orNull(text({ max: 300, pattern: /^[\x20-\x7e]+$/ })), null)
const shape = record<PartNotes>({ etag: header, lastModified: header })
