import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { isAlive } from '../../lib/process/process-identity.ts'
import {
  type IndexEntry,
  machinesOnDisk,
  type ProjectPaths,
  projectPaths,
  readBoxNotes,
  readIndex,
  readState,
  type UserPaths,
} from '../../project/index.ts'

/**
 * The machines of this user that stand on a box, or are being made from it, as `project/machine in FOLDER`.
 * A state file that cannot be understood counts as standing
 * on it: its machine may. Where a project's folder is not there, moved or on a disk that is not mounted, what
 * was noted of its machines counts.
 */
export async function machinesOnBox(user: UserPaths, digest: string): Promise<string[]> {
  const index = user.projects
  const users: string[] = []
  for (const entry of await readIndex(index)) {
    const { id, name, root } = entry
    const there = await isThere(entry, user)
    const made = there ? await machinesIn(projectPaths(root, user), digest) : []
    users.push(...made.map((machine) => `${name}/${machine} in ${root}`))
    for (const { machine, digest: noted, by } of await readBoxNotes(index, id)) {
      if (noted !== digest || made.includes(machine)) continue
      if (!there) users.push(`${name}/${machine} in ${root}, which is missing; ${forGood(index, id)}`)
      else if (await isAlive(by)) users.push(`${name}/${machine} in ${root}, which is being made`)
    }
  }
  return users
}

function forGood(index: string, id: string): string {
  return `if it was deleted, remove ${join(index, `${id}.json`)}`
}

async function machinesIn(paths: ProjectPaths, digest: string): Promise<string[]> {
  const found: string[] = []
  for (const machine of await machinesOnDisk(paths))
    if (await standsOn(paths.machine(machine), digest)) found.push(machine)
  return found
}

/** Whether the project that the index has there still lies there. */
async function isThere({ id, root }: IndexEntry, user: UserPaths): Promise<boolean> {
  try {
    return (await readTextIfThere(projectPaths(root, user).project))?.includes(`"${id}"`) === true
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EIO', 'ESTALE', 'ELOOP')) return false
    throw error
  }
}

async function standsOn(paths: Parameters<typeof readState>[0], digest: string): Promise<boolean> {
  try {
    return (await readState(paths))?.box.digest === digest
  } catch (error) {
    if (error instanceof PosadaError) return true
    throw error
  }
}
