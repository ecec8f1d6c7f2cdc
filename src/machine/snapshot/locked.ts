import { notCreatedYet } from '../down/not-created.ts'
import { hasFolder, withMachineLock } from '../machine-lock.ts'
import { look, type Sighted } from '../observed/look.ts'
import type { Locking, Places, Providing } from '../project.ts'

/**
 * Does `work` with the locks of all these machines, which are taken in the order of their names: no two commands wait for
 * each other.
 */
export function withLocks<T>(
  project: Places & Locking,
  names: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const [first, ...rest] = [...names].sort()
  if (first === undefined) return work()
  return withMachineLock(project, first, () => withLocks(project, rest, work))
}

/**
 * Looks at machines whose locks are held. One that was never made is left out where none was named, else it is
 * E_NOT_CREATED, as it is where there is none at all. Throws why records cannot be read.
 */
export async function lookAtMade(
  project: Places & Providing,
  names: readonly string[],
  isNamed: boolean,
): Promise<Sighted[]> {
  const made: Sighted[] = []
  const absent: string[] = []
  for (const name of names) {
    const sight = (await hasFolder(project, name)) ? await look(project, name) : null
    if (sight !== null && sight.error !== null) throw sight.error
    if (sight === null || sight.previous === null || sight.previous.createdAt === undefined) absent.push(name)
    else made.push(sight)
  }
  if (absent.length > 0 && (isNamed || made.length === 0)) throw notCreatedYet(absent)
  return made
}
