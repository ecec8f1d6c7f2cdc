import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import type { BoxManifest, StoredBox } from '../model.ts'
import { boxJsonName, type StorePaths } from '../store-paths.ts'
import { makeWorkFolder, sweepWorkFolders } from '../work-folder.ts'
import { dropUnnamed, placeFolder } from './place.ts'
import { findRef, type Ref, type RefOrigin, writeRef } from './refs.ts'
import { readStored } from './verify.ts'

/** Fills an empty folder with a box.json and the files that it names, all checked. */
export type FillBox = (folder: string) => Promise<BoxManifest>

export interface AdmitOptions {
  /** Replaces a box of the same name, version and architecture that has other content. */
  force?: boolean
  /** The machines that stand on a box; what is replaced stays where there are any, or where nobody can tell. */
  usedBy?: (digest: string) => Promise<string[]> | string[]
  origin?: RefOrigin
}

/**
 * The one way for a box from outside into the store: `fill` makes it in a folder of its own, which is
 * swept by the next command where this process is killed; then it is renamed to where it belongs.
 * What is there under the same name, version and architecture is E_BOX_EXISTS unless it is the same.
 */
export async function admitBox(
  paths: StorePaths,
  fill: FillBox,
  options: AdmitOptions = {},
): Promise<StoredBox> {
  await sweepWorkFolders(paths.tmp, 'add-')
  await sweepWorkFolders(paths.tmp, 'remove-')
  const folder = await makeWorkFolder(paths.tmp, 'add-')
  try {
    const manifest = await fill(folder)
    const old = await findRef(paths, manifest)
    const digest = createHash('sha256')
      .update(await readFile(join(folder, boxJsonName)))
      .digest('hex')
    const isSame = old?.digest === digest
    checkFree(manifest, old, digest, options)
    const inputs = old !== null && isSame ? old.inputs : null
    const origin =
      options.origin ?? (old !== null && isSame ? { source: old.source, origin: old.origin } : undefined)
    const stored = await placeFolder(paths, folder, { inputs, ...(origin ?? { source: null, origin: null }) })
    if (old !== null && !isSame) await dropUnused(paths, old.digest, options)
    return stored
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Lets the name of a box that is in the store lead to it, as `admitBox` would. null where it is not
 * there whole.
 */
export async function admitStored(
  paths: StorePaths,
  digest: string,
  { force, origin, usedBy }: AdmitOptions & { origin: RefOrigin },
): Promise<StoredBox | null> {
  const stored = await readWhole(paths, digest)
  if (stored === null) return null
  const { name, version, arch } = stored.manifest
  const old = await findRef(paths, stored.manifest)
  const isSame = old?.digest === digest
  checkFree(stored.manifest, old, digest, { force })
  await writeRef(paths, {
    name,
    version,
    arch,
    digest,
    inputs: isSame ? (old?.inputs ?? null) : null,
    ...origin,
  })
  if (old !== null && !isSame) await dropUnused(paths, old.digest, usedBy === undefined ? {} : { usedBy })
  // It may have been removed before it had this name.
  return readWhole(paths, digest)
}

async function dropUnused(
  paths: StorePaths,
  digest: string,
  { usedBy }: Pick<AdmitOptions, 'usedBy'>,
): Promise<void> {
  if (usedBy !== undefined && (await usedBy(digest)).length === 0) await dropUnnamed(paths, digest)
}

async function readWhole(paths: StorePaths, digest: string): Promise<StoredBox | null> {
  try {
    return await readStored(paths, digest)
  } catch (error) {
    if (isPosadaError(error, 'E_BOX_CORRUPT')) return null
    throw error
  }
}

/** E_BOX_EXISTS where `old`, another box of this name, is in the way. Asked before a long transfer too. */
export function checkFree(
  { name, version }: BoxManifest,
  old: Pick<Ref, 'digest'> | null,
  digest: string,
  { force = false }: { force?: boolean | undefined },
): void {
  if (old === null || old.digest === digest || force) return
  throw new PosadaError('E_BOX_EXISTS', `the store already has ${name}@${version}, with other content`, {
    value: `${name}@${version}`,
    hint: 'give --force to replace it',
  })
}
