import { withLock } from '../lock.ts'
import type { ProjectPaths } from '../paths.ts'
import type { Lockfile } from './model.ts'
import { readLockfile } from './read.ts'
import { writeLockfile } from './write.ts'

export interface ChangeOptions {
  paths: Pick<ProjectPaths, 'lock' | 'lockfile'>
  /** See LockOptions. */
  command: string
  wait: number
  signal: AbortSignal
}

/**
 * Reads posada.lock, lets `change` change it, and writes it where that says so. Others may write at the same
 * time: nobody's entries are lost. E_LOCKFILE, E_LOCKED.
 */
export function changeLockfile<T>(
  { paths, command, wait, signal }: ChangeOptions,
  change: (lockfile: Lockfile) => { result: T; changed: boolean },
): Promise<T> {
  return withLock(paths.lock, { command, wait, signal }, async () => {
    const lockfile = await readLockfile(paths.lockfile)
    const { result, changed } = change(lockfile)
    if (changed) await writeLockfile(paths.lockfile, lockfile)
    return result
  })
}
