import { createHash } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { flushFolder } from '../../lib/files/write-file.ts'
import { makeWorkFolder, sweepWorkFolders } from '../../lib/process/work-folder.ts'
import { digestPattern } from '../../lib/values/box-names.ts'
import { boxFiles, parseBoxManifest } from '../box-manifest.ts'
import { loginKeys } from '../login-keys.ts'
import type { StoredBox } from '../model.ts'
import { boxJsonName, type StorePaths } from '../store-paths.ts'
import { dropNotes } from './notes.ts'
import { listRefs, type Ref, removeRef, writeRef } from './refs.ts'
import { keepStamps, readStored, stampsOf } from './verify.ts'

/** The machines that stand on a box of this digest, for people. */
export type UsedBy = (digest: string) => Promise<string[]> | string[]

/**
 * Puts a folder of `tmp/` whose files have just been hashed and found right into the store by renaming it,
 * then lets its name lead to it. The folder is gone afterwards. No lock: a digest's content is the same
 * whoever puts it there, and a removal that came in between is seen and undone.
 */
export async function placeFolder(
  paths: StorePaths,
  folder: string,
  from: Pick<Ref, 'inputs' | 'source' | 'origin'> & { bearsName?: boolean },
): Promise<StoredBox> {
  const json = await readFile(join(folder, boxJsonName))
  const digest = createHash('sha256').update(json).digest('hex')
  const manifest = parseBoxManifest(json.toString('utf8'), folder)
  // ssh refuses a private key that others may read.
  const keys = loginKeys(manifest).map((one) => one.file)
  const names = [boxJsonName, ...boxFiles(manifest).map((one) => one.file)]
  await Promise.all(names.map((name) => seal(join(folder, name), keys.includes(name) ? 0o400 : 0o444)))
  await flushFolder(folder)
  const stamps = await stampsOf(folder, manifest)
  const { name, version, arch } = manifest
  const ref: Ref = { name, version, arch, digest, bearsName: true, ...from }
  await mkdir(paths.contents, { recursive: true })
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await moveInto(paths, folder, digest)) await keepStamps(paths, digest, stamps)
    await flushFolder(paths.contents)
    await writeRef(paths, ref)
    const stored = await readStored(paths, digest)
    if (stored !== null) {
      await rm(folder, { recursive: true, force: true })
      return stored
    }
    if (!(await exists(folder))) break
  }
  await removeRef(paths, ref)
  throw new PosadaError('E_BOX_MISSING', `the box ${name} was removed while it was being added`, {
    value: name,
    hint: 'run the command again',
  })
}

/**
 * Cleans up after removals that were killed. One may have been killed before it asked for the last time
 * whether the content is needed: that is put back.
 */
export async function sweepRemovals(paths: StorePaths, usedBy: UsedBy): Promise<void> {
  await sweepWorkFolders(paths.tmp, 'remove-', async (folder) => {
    for (const digest of (await namesIn(folder)).filter((name) => digestPattern.test(name)))
      if (await isNeeded(paths, digest, usedBy)) await putBack(paths, join(folder, digest), digest)
    await rm(folder, { recursive: true, force: true })
  })
}

async function putBack(paths: StorePaths, folder: string, digest: string): Promise<void> {
  try {
    await moveInto(paths, folder, digest)
  } catch (error) {
    // Another process puts it back at this moment.
    if (!isErrno(error, 'ENOENT')) throw error
  }
}

async function isNeeded(paths: StorePaths, digest: string, usedBy: UsedBy): Promise<boolean> {
  return (await listRefs(paths)).some((ref) => ref.digest === digest) || (await usedBy(digest)).length > 0
}

/**
 * Removes the content of a digest when no name leads to it any longer and no machine stands on it, which
 * is asked again once it is gone: whoever takes a box says so first and looks whether it is there then.
 */
export async function dropUnnamed(paths: StorePaths, digest: string, usedBy: UsedBy): Promise<void> {
  if (await isNeeded(paths, digest, usedBy)) return
  const grave = join(await makeWorkFolder(paths.tmp, 'remove-'), digest)
  try {
    await rename(paths.content(digest), grave)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
  // Another process may have added the same content, or taken it for a machine, between the look and the rename.
  if ((await exists(grave)) && (await isNeeded(paths, digest, usedBy))) await moveInto(paths, grave, digest)
  else {
    for (const path of [paths.stamp(digest), paths.chunks(digest)]) await rm(path, { force: true })
    await dropNotes(paths, digest)
  }
  await rm(join(grave, '..'), { recursive: true, force: true })
}

/**
 * Whether the folder has become the content of its digest: one that is there and intact stays, and the folder
 * too; a damaged one is replaced.
 */
async function moveInto(paths: StorePaths, folder: string, digest: string): Promise<boolean> {
  try {
    await rename(folder, paths.content(digest))
    return true
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
  }
  try {
    if ((await readStored(paths, digest)) !== null) return false
  } catch (error) {
    if (!(error instanceof PosadaError)) throw error
  }
  const grave = join(await makeWorkFolder(paths.tmp, 'remove-'), digest)
  await rename(paths.content(digest), grave)
  await rename(folder, paths.content(digest))
  await rm(join(grave, '..'), { recursive: true, force: true })
  return true
}

/** Read-only, and on the disk before a name leads to it. */
async function seal(path: string, mode: number): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await chmod(path, mode)
}
