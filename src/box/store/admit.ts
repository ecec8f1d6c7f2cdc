import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { makeWorkFolder, sweepWorkFolders } from '../../lib/process/work-folder.ts'
import type { BoxManifest, StoredBox } from '../model.ts'
import { boxJsonName, type StorePaths } from '../store-paths.ts'
import { dropUnnamed, placeFolder, sweepRemovals, type UsedBy } from './place.ts'
import { findRef, type Ref, type RefOrigin, removeRef, writeRef } from './refs.ts'
import { readStored } from './verify.ts'

/** Fills an empty folder with a box.json and the files that it names, all checked. */
export type FillBox = (folder: string) => Promise<BoxManifest>

export interface AdmitOptions {
  /** Replaces a box of the same name, version and architecture that has other content. */
  force?: boolean
  /** The machines that stand on a box; what is replaced stays where there are any, or where that cannot be told. */
  usedBy?: UsedBy
  origin?: RefOrigin
  /**
   * The names that it was asked for by. It bears the name that it gives itself where that is one of them and
   * another box does not bear it already; else it is found by its source alone. Absent: it is added by
   * hand, by a user who sees what it is called.
   */
  names?: readonly string[]
  /** Told the digest before anything leads to the box; may throw. */
  accept?: (digest: string) => void
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
  if (options.usedBy !== undefined) await sweepRemovals(paths, options.usedBy)
  const folder = await makeWorkFolder(paths.tmp, 'add-')
  try {
    const manifest = await fill(folder)
    const digest = createHash('sha256')
      .update(await readFile(join(folder, boxJsonName)))
      .digest('hex')
    const { bearsName, old } = await checkFree(paths, { digest, manifest }, options)
    const isSame = old?.digest === digest
    const inputs = old !== null && isSame ? old.inputs : null
    const origin =
      options.origin ?? (old !== null && isSame ? { source: old.source, origin: old.origin } : undefined)
    const stored = await placeFolder(paths, folder, {
      inputs,
      bearsName,
      ...(origin ?? { source: null, origin: null }),
    })
    if (old !== null && !isSame) await dropUnused(paths, old.digest, options)
    if (bearsName) await dropClaim(paths, stored, options)
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
  options: AdmitOptions & { origin: RefOrigin },
): Promise<StoredBox | null> {
  const stored = await readWhole(paths, digest)
  if (stored === null) return null
  const { name, version, arch } = stored.manifest
  const { bearsName, old } = await checkFree(paths, stored, options)
  const isSame = old?.digest === digest
  await writeRef(paths, {
    name,
    version,
    arch,
    digest,
    bearsName,
    inputs: isSame ? (old?.inputs ?? null) : null,
    ...options.origin,
  })
  if (old !== null && !isSame) await dropUnused(paths, old.digest, options)
  if (bearsName) await dropClaim(paths, stored, options)
  // It may have been removed before it had this name.
  return readWhole(paths, digest)
}

/** What it was found by while it did not bear its name says no more than the name does. */
async function dropClaim(
  paths: StorePaths,
  { digest, manifest: { name, version, arch } }: StoredBox,
  { origin }: AdmitOptions,
): Promise<void> {
  const slot = { name, version, arch, source: origin?.source ?? null, bearsName: false }
  if (slot.source !== null && (await findRef(paths, slot))?.digest === digest) await removeRef(paths, slot)
}

async function dropUnused(
  paths: StorePaths,
  digest: string,
  { usedBy }: Pick<AdmitOptions, 'usedBy'>,
): Promise<void> {
  if (usedBy !== undefined) await dropUnnamed(paths, digest, usedBy)
}

async function readWhole(paths: StorePaths, digest: string): Promise<StoredBox | null> {
  try {
    return await readStored(paths, digest)
  } catch (error) {
    if (isPosadaError(error, 'E_BOX_CORRUPT')) return null
    throw error
  }
}

/**
 * Whether a box may come in, and where: `old` is what is in its place now. Asked before a long transfer
 * too. E_BOX_EXISTS where another box bears the name that it is to have; whatever `accept` throws.
 */
export async function checkFree(
  paths: StorePaths,
  { digest, manifest: { name, version, arch } }: Pick<StoredBox, 'digest' | 'manifest'>,
  { force = false, origin, names, accept }: AdmitOptions,
): Promise<{ bearsName: boolean; old: Ref | null }> {
  accept?.(digest)
  const source = origin?.source ?? null
  const slot = { name, version, arch, source }
  const named = await findRef(paths, { ...slot, bearsName: true })
  const isFree = named === null || named.digest === digest
  if (names === undefined) {
    if (!isFree && !force) throw taken(name, version)
    return { bearsName: true, old: named }
  }
  if (names.includes(name) && (isFree || (source !== null && named.source === source)))
    return { bearsName: true, old: named }
  return { bearsName: false, old: await findRef(paths, { ...slot, bearsName: false }) }
}

function taken(name: string, version: string): PosadaError {
  return new PosadaError('E_BOX_EXISTS', `the store already has ${name}@${version}, with different content`, {
    value: `${name}@${version}`,
    hint: 'replace it with --force',
  })
}
