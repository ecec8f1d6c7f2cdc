import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn } from '../lib/files/folders.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import { type ProcessIdentity, processIdentity } from '../lib/process/process-identity.ts'
import { digestPattern } from '../lib/values/box-names.ts'
import { count, oneOf, parseShape, record, text } from '../lib/values/shape.ts'

/**
 * That a machine stands on a box, or is about to. It is written beside the index of projects before the
 * machine's state is, and read where that state cannot be: while the machine is being made, and when the
 * project's folder is not where the index has it.
 */
export interface BoxNote {
  version: 1
  machine: string
  digest: string
  /** Who wrote it. */
  by: ProcessIdentity
}

const note = record<BoxNote>({
  version: oneOf([1]),
  machine: text({ max: 63 }),
  digest: text({ pattern: digestPattern }),
  by: record<ProcessIdentity>({ pid: count(), startTime: text() }),
})

/** `folder` is that of the index, `id` the project's. */
export async function noteBox(
  folder: string,
  id: string,
  { machine, digest }: Pick<BoxNote, 'machine' | 'digest'>,
): Promise<void> {
  const by = (await processIdentity(process.pid)) ?? { pid: process.pid, startTime: '' }
  const written: BoxNote = { version: 1, machine, digest, by }
  await writeFileAtomic(pathOf(folder, id, machine), `${JSON.stringify(written)}\n`, { mode: 0o600 })
}

export async function forgetBoxNote(folder: string, id: string, machine: string): Promise<void> {
  await rm(pathOf(folder, id, machine), { force: true })
}

/** Takes all notes of a project away. */
export async function forgetBoxNotes(folder: string, id: string): Promise<void> {
  await rm(join(folder, id), { recursive: true, force: true })
}

/** The notes of a project; files that make no sense are passed over. */
export async function readBoxNotes(folder: string, id: string): Promise<BoxNote[]> {
  const notes: BoxNote[] = []
  for (const name of (await namesIn(join(folder, id))).sort()) {
    const written = name.endsWith('.json') ? await readTextIfThere(join(folder, id, name)) : null
    const read = parseShape(note, written)
    if (read !== null) notes.push(read)
  }
  return notes
}

function pathOf(folder: string, id: string, machine: string): string {
  return join(folder, id, `${machine}.json`)
}
