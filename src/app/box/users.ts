import { basename, dirname, join } from 'node:path'
import type { BoxNote, BoxStore } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { isAlive } from '../../lib/process/process-identity.ts'
import {
  machinesOnDisk,
  type ProjectPaths,
  projectPaths,
  readIndex,
  readState,
  type UserPaths,
} from '../../project/index.ts'

/**
 * The machines that stand on a box, or are being made from it, as `project/machine in FOLDER`: those that the store
 * has a note of, those of projects in this user's index, and those of copies beside a project that had one. A state
 * that cannot be read counts as standing on the box, and so does a noted machine whose project is missing: it may
 * have been moved, or lie on a disk that is not mounted.
 */
export async function machinesOnBox(
  { store, user }: { store: Pick<BoxStore, 'users'>; user: UserPaths },
  digest: string,
): Promise<string[]> {
  const found = new Map<string, string>()
  const add = ({ name, root, machine }: Found, more = '') => {
    if (!found.has(`${root} ${machine}`))
      found.set(`${root} ${machine}`, `${name}/${machine} in ${root}${more}`)
  }
  const look = async (name: string, root: string) => {
    for (const machine of await machinesIn(projectPaths(root, user), digest)) add({ name, root, machine })
  }
  for (const { id, name, root } of await readIndex(user.projects))
    if (await isThere(projectPaths(root, user), id)) await look(name, root)
  const notes = await store.users(digest)
  const beside = await projectsBeside(notes, user)
  for (const note of notes.filter(({ gone }) => !gone)) {
    const { id, project: name, root, machine } = note
    if (await isThere(projectPaths(root, user), id)) await look(name, root)
    else if (!(await isOneOf(beside, id)))
      add({ name, root, machine }, `, which is missing; if it was deleted, remove ${note.path}`)
    if (await isAlive(note.by)) add({ name, root, machine }, ', which is being made')
  }
  for (const paths of beside)
    for (const machine of await machinesIn(paths, digest, { others: false }))
      add({ name: basename(paths.root), root: paths.root, machine })
  return [...found.values()]
}

interface Found {
  name: string
  root: string
  machine: string
}

/** `others`: whether a state that cannot be read, or is not this user's, counts as standing on the box. */
async function machinesIn(paths: ProjectPaths, digest: string, { others = true } = {}): Promise<string[]> {
  const found: string[] = []
  for (const machine of await machinesOnDisk(paths))
    if (await standsOn(paths.machine(machine), digest, others)) found.push(machine)
  return found
}

/** Whether a project still is where it was noted. */
async function isThere({ project }: ProjectPaths, id: string): Promise<boolean> {
  return (await unlessHidden(readTextIfThere(project), null))?.includes(`"${id}"`) === true
}

const hidden = ['EACCES', 'EPERM', 'EIO', 'ESTALE', 'ELOOP', 'ENAMETOOLONG'] as const

async function isOneOf(projects: readonly ProjectPaths[], id: string): Promise<boolean> {
  const same = await Promise.all(projects.map((one) => isThere(one, id)))
  return same.includes(true)
}

async function standsOn(
  paths: Parameters<typeof readState>[0],
  digest: string,
  others: boolean,
): Promise<boolean> {
  try {
    const state = await readState(paths)
    return state?.box.digest === digest || state?.layer === digest
  } catch (error) {
    if (error instanceof PosadaError || (!others && isErrno(error, ...hidden))) return others
    throw error
  }
}

/** Folders that are looked at beside a project. */
const neighbours = 2000

/**
 * Projects beside those that have or had a machine on the box. A copied folder has the overlays of its original, and a
 * moved one its own, and no command may have run in it yet.
 */
async function projectsBeside(notes: readonly BoxNote[], user: UserPaths): Promise<ProjectPaths[]> {
  const projects: ProjectPaths[] = []
  for (const parent of new Set(notes.map(({ root }) => dirname(root))))
    for (const name of (await unlessHidden(namesIn(parent), [])).slice(0, neighbours)) {
      const paths = projectPaths(join(parent, name), user)
      if (await unlessHidden(exists(paths.machines), false)) projects.push(paths)
    }
  return projects
}

async function unlessHidden<T>(looking: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await looking
  } catch (error) {
    if (isErrno(error, ...hidden)) return otherwise
    throw error
  }
}
