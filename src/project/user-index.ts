import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn } from '../lib/files/folders.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'

/** One entry of the index of this user's projects. */
export interface IndexEntry {
  version: 1
  id: string
  root: string
  name: string
}

/** Notes where the project is, so that `posada list` finds it. */
export async function noteInIndex(folder: string, entry: IndexEntry): Promise<void> {
  const path = join(folder, `${entry.id}.json`)
  const text = await readTextIfThere(path)
  const wanted = `${JSON.stringify(entry, null, 2)}\n`
  if (text !== wanted) await writeFileAtomic(path, wanted, { mode: 0o600 })
}

/** Takes the project out of the index, with what was left of a note whose writing was cut short. */
export async function forgetInIndex(folder: string, id: string): Promise<void> {
  for (const name of await namesIn(folder))
    if (name.startsWith(`${id}.json`)) await rm(join(folder, name), { force: true })
}

/** Every project in the index, sorted by folder. Files that make no sense are passed over. */
export async function readIndex(folder: string): Promise<IndexEntry[]> {
  const entries: IndexEntry[] = []
  for (const name of await namesIn(folder)) {
    const text = name.endsWith('.json') ? await readTextIfThere(join(folder, name)) : null
    const entry = text === null ? null : parseEntry(text)
    if (entry !== null) entries.push(entry)
  }
  return entries.sort((a, b) => a.root.localeCompare(b.root))
}

function parseEntry(text: string): IndexEntry | null {
  try {
    const { id, root, name } = JSON.parse(text) as Partial<IndexEntry>
    if (typeof id !== 'string' || typeof root !== 'string' || typeof name !== 'string') return null
    return { version: 1, id, root, name }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
