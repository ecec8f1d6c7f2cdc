import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn } from '../lib/files/folders.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { lockFile } from '../lib/process/lock-file.ts'

/** The folder of one run: what a project folder is for other machines. */
export interface RunFolder {
  /** 8 hexadecimal digits. */
  id: string
  path: string
  /** Lets go of it; what is in it is then for whoever sweeps. */
  release(): Promise<void>
}

/** Held open with flock(2) by the process whose run it is: the kernel frees it, however that process ends. */
const lockName = 'held'

/** Whether an entry of the folder of runs is one of them. */
export function isRunId(name: string): boolean {
  return /^[0-9a-f]{8}$/.test(name)
}

/** Makes a folder for a run of this process's, and holds it. */
export async function makeRunFolder(runs: string): Promise<RunFolder> {
  for (;;) {
    const id = randomBytes(4).toString('hex')
    await makeFolder(join(runs, id), { mode: 0o700 })
    const held = await hold(runs, id)
    // A sweep may have taken it for one whose process has ended.
    if (held !== null) return held
  }
}

/** The runs whose process has ended without taking them away, each held by this process now. */
export async function abandonedRuns(runs: string): Promise<RunFolder[]> {
  const found: RunFolder[] = []
  for (const id of await namesIn(runs)) {
    const held = isRunId(id) ? await hold(runs, id) : null
    if (held !== null) found.push(held)
  }
  return found
}

/** Takes a run's folder away, when its machines are gone. */
export async function removeRunFolder({ path, release }: RunFolder): Promise<void> {
  await rm(path, { recursive: true, force: true })
  await release()
}

/** Null where another process holds it, or it is gone. */
async function hold(runs: string, id: string): Promise<RunFolder | null> {
  const path = join(runs, id)
  const file = await lockFile(join(path, lockName))
  return file === 'held' || file === 'gone' ? null : { id, path, release: () => file.close() }
}
