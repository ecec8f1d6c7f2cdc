import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../lib/files/errno.ts'
import { exists, namesIn } from '../lib/files/folders.ts'
import { describeHolder, type MachinePaths, withLock } from '../project/index.ts'
import type { Locking, Places } from './project.ts'

/** Whether anything was ever made for the machine; a verb that finds nothing leaves nothing behind. */
export function hasFolder(project: Places, machine: string): Promise<boolean> {
  return exists(project.paths.machine(machine).dir)
}

/**
 * Does `work` as the only posada process on this machine; tells the user when it has to wait. Where
 * it leaves nothing but the lock, that goes too; `work` itself leaves the lock alone.
 */
export function withMachineLock<T>(
  project: Places & Locking,
  machine: string,
  work: () => Promise<T>,
): Promise<T> {
  return withLock(
    project.paths.machine(machine).lock,
    {
      command: project.command,
      wait: project.lockWait,
      signal: project.signal,
      machine,
      onWait: (holder) =>
        project.emit({
          type: 'notice',
          level: 'info',
          machine,
          message: `waiting for ${describeHolder(holder)}`,
        }),
    },
    async () => {
      try {
        return await work()
      } finally {
        await removeIfEmpty(project.paths.machine(machine))
      }
    },
  )
}

/**
 * What was not begun, or is destroyed, leaves no folder behind only to hold its lock. A command that
 * comes between the two deletions has made a lock of its own, which stays with the folder.
 */
async function removeIfEmpty({ dir, lock }: MachinePaths): Promise<void> {
  const names = await namesIn(dir)
  if (!names.every((name) => join(dir, name) === lock)) return
  try {
    await rm(lock, { force: true })
    await rmdir(dir)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
  }
}
