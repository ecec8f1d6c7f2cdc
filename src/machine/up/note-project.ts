import { forkAt, noteInIndex, withLock } from '../../project/index.ts'
import type { Declared, Locking, Places } from '../project.ts'

/**
 * Notes in the user's index where the project is, with the lock that `destroy` forgets it under: once a machine has a
 * state, a destroy that began before leaves the note alone.
 */
export function noteProject(project: Declared & Places & Locking, id: string): Promise<void> {
  const { manifest, paths, user, command, lockWait: wait, signal } = project
  const fork = forkAt(paths.root)
  const name = fork === null ? manifest.name : `${manifest.name}/${fork.name}`
  const entry = { version: 1, id, root: paths.root, name } as const
  return withLock(paths.lock, { command, wait, signal }, () => noteInIndex(user.projects, entry))
}
