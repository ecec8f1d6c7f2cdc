import { randomBytes } from 'node:crypto'
import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import { namesIn } from '../../lib/files/folders.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { isAlive, type ProcessIdentity, processIdentity } from '../../lib/process/process-identity.ts'
import { digestPattern } from '../../lib/values/box-names.ts'
import { count, oneOf, parseShape, record, text, truth } from '../../lib/values/shape.ts'
import type { StorePaths } from '../store-paths.ts'

/** A machine that stands on a box. */
export interface BoxUser {
  /** The project's id, 8 hexadecimal digits, and its name. */
  id: string
  project: string
  /** Where the project is: its machines lie in `.posada` there. */
  root: string
  machine: string
}

/**
 * That a machine stands on a box, or is about to: written by whoever holds the machine's lock before its state is, so
 * that a box goes only when no overlay is known to need it. The notes lie in the store and not with the user's other
 * files: whoever removes a box sees them.
 */
export interface BoxNote extends BoxUser {
  /** Who wrote it. */
  by: ProcessIdentity
  /** The machine was destroyed. The note stays until the box goes, for copies of the project may have the machine. */
  gone: boolean
  /** The file that it stands in. */
  path: string
}

type Written = Omit<BoxNote, 'path'> & { version: 1 }

const note = record<Written>({
  version: oneOf([1]),
  id: text({ pattern: /^[0-9a-f]{8}$/ }),
  project: text({ max: 200 }),
  root: text({ max: 4096 }),
  machine: text({ pattern: /^[a-z][a-z0-9-]{0,62}$/ }),
  by: record<ProcessIdentity>({ pid: count(), startTime: text() }),
  gone: truth(),
})

/** Notes that a machine stands on a box. Its lock is held. */
export async function noteUser(paths: StorePaths, digest: string, user: BoxUser): Promise<void> {
  await replace(paths, digest, { ...user, gone: false })
}

/** A machine that stands on no box any longer. */
export type FormerUser = Pick<BoxUser, 'id' | 'machine'> & {
  /** Whether nothing stays of it: no one has a copy of a throw-away machine. */
  forGood?: boolean
}

/** Notes that a machine stands on no box any longer. Its lock is held, and its disks are gone. */
export async function forgetUser(
  paths: StorePaths,
  { id, machine, forGood = false }: FormerUser,
): Promise<void> {
  for (const digest of await namesIn(paths.users)) {
    if (forGood) {
      await removeAll(join(paths.users, digest), { id, machine })
      continue
    }
    const [last] = digestPattern.test(digest) ? await notesOf(paths, digest, { id, machine }) : []
    if (last !== undefined && !last.gone) await replace(paths, digest, { ...last, gone: true })
  }
}

/** Notes, and what was left of one whose writing was cut short. */
async function removeAll(folder: string, user: FormerUser): Promise<void> {
  const own = namesOf(user)
  for (const name of await namesIn(folder)) if (own.test(name)) await rm(join(folder, name), { force: true })
}

/** The beginning of the names of a machine's notes. */
function namesOf({ id, machine }: FormerUser): RegExp {
  return new RegExp(`^${id}-${machine}-[0-9a-f]{8}\\.json`)
}

/**
 * The notes of a box, or those of one machine: the others, of which a store has one for each machine that there ever
 * was, are not read. Whether a machine stands on a box is for the reader to find out. Files that make no sense are passed over.
 */
export async function notesOf(paths: StorePaths, digest: string, user?: FormerUser): Promise<BoxNote[]> {
  const folder = join(paths.users, digest)
  const names = (await namesIn(folder)).sort()
  const own = user === undefined ? null : namesOf(user)
  const notes: BoxNote[] = []
  for (const name of own === null ? names : names.filter((one) => own.test(one))) {
    const path = join(folder, name)
    const read = name.endsWith('.json') ? parseShape(note, await readTextIfThere(path)) : null
    if (read !== null) notes.push({ ...read, path })
  }
  return notes
}

/** After a box has gone: removes the notes of it, but those of commands that are at work. */
export async function dropNotes(paths: StorePaths, digest: string): Promise<void> {
  for (const { path, gone, by } of await notesOf(paths, digest))
    if (gone || !(await isAlive(by))) await rm(path, { force: true })
  try {
    await rmdir(join(paths.users, digest))
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
  }
}

/** Each note has a file name of its own, so that no one who removes an old one removes a new one. */
async function replace(
  paths: StorePaths,
  digest: string,
  { id, project, root, machine, gone }: BoxUser & Pick<BoxNote, 'gone'>,
): Promise<void> {
  const before = await notesOf(paths, digest, { id, machine })
  const by = (await processIdentity(process.pid)) ?? { pid: process.pid, startTime: '' }
  const written: Written = { version: 1, id, project, root, machine, by, gone }
  const path = join(paths.users, digest, `${id}-${machine}-${randomBytes(4).toString('hex')}.json`)
  await writeFileAtomic(path, `${JSON.stringify(written)}\n`, { mode: 0o600 })
  for (const old of before) await rm(old.path, { force: true })
}
