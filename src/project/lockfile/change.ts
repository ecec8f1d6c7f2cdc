import { withLock } from '../lock.ts'
import { makeOwnFolder } from '../own-folder.ts'
import type { ProjectPaths } from '../paths.ts'
import type { Lockfile } from './model.ts'
import { readLockfile } from './read.ts'
import { writeLockfile } from './write.ts'

/** Where posada.lock is, and what is locked to change it. */
export type LockfilePaths = Pick<ProjectPaths, 'root' | 'dir' | 'gitignore' | 'lock' | 'lockfile'>

export interface ChangeOptions {
  paths: LockfilePaths
  /** See LockOptions. */
  command: string
  wait: number
  signal: AbortSignal
}

/**
 * Reads posada.lock, lets `change` change it, and writes it where that says so. Others may write at the same
 * time: no entries are lost. E_LOCKFILE, also where it would become too large; E_LOCKED.
 */
export async function changeLockfile<T>(
  { paths, command, wait, signal }: ChangeOptions,
  change: (lockfile: Lockfile) => { result: T; changed: boolean },
): Promise<T> {
  await makeOwnFolder(paths)
  return withLock(paths.lock, { command, wait, signal }, async () => {
    const lockfile = await readLockfile(paths.lockfile)
    const { result, changed } = change(lockfile)
    if (changed) await writeLockfile(paths.lockfile, lockfile)
    return result
  })
}
