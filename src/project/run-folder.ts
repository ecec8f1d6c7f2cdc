import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../lib/files/errno.ts'
import { namesIn } from '../lib/files/folders.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { tryLock } from '../lib/native/flock.ts'

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
    const held = /^[0-9a-f]{8}$/.test(id) ? await hold(runs, id) : null
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
  let file: FileHandle
  try {
    file = await open(join(path, lockName), 'a', 0o600)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
  // One that was taken away meanwhile has no name any more.
  if (tryLock(file.fd) && (await file.stat()).nlink > 0) return { id, path, release: () => file.close() }
  await file.close()
  return null
}
