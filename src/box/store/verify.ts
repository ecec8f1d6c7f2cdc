import { createHash } from 'node:crypto'
import { lstat, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { sha256OfFile } from '../../lib/files/hash-file.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { boxFiles, parseBoxManifest } from '../box-manifest.ts'
import type { BoxFile, BoxManifest, StoredBox } from '../model.ts'
import type { StorePaths } from '../store-paths.ts'

/** File name → how it looked when its digest was found right. */
export type Stamps = Record<string, string>

/**
 * Reads the box of a digest and checks that it is whole: box.json by its digest, each file by size,
 * time and inode, and by its own digest where those are not as they were when it was last hashed, or
 * `rehash` asks for it.
 * null: there is none. Throws E_BOX_CORRUPT.
 */
export async function readStored(
  paths: StorePaths,
  digest: string,
  { rehash = false } = {},
): Promise<StoredBox | null> {
  const box = await readUnchecked(paths, digest)
  if (box === null) return null
  const before = rehash ? {} : parseStamps(await readTextIfThere(paths.stamp(digest)))
  const now: Stamps = {}
  for (const file of boxFiles(box.manifest)) {
    const path = join(box.dir, file.file)
    const look = await lookAt(path)
    if (look === null) throw corrupt(box, `${file.file} is missing`)
    if (look.size !== BigInt(file.size))
      throw corrupt(box, `${file.file} has ${look.size} bytes, not ${file.size}`)
    now[file.file] = look.stamp
    if (before[file.file] !== look.stamp && (await sha256OfFile(path)) !== file.sha256)
      throw corrupt(box, `the content of ${file.file} has changed`)
  }
  if (JSON.stringify(now) !== JSON.stringify(before)) await ifWritable(() => keepStamps(paths, digest, now))
  else await touch(paths.stamp(digest))
  return box
}

/**
 * How the files in a folder look, whose digests have just been found right: it may be renamed, and written
 * beside the box by `keepStamps`, so that they are not hashed again.
 */
export async function stampsOf(folder: string, manifest: BoxManifest): Promise<Stamps> {
  const stamps: Stamps = {}
  for (const { file } of boxFiles(manifest)) {
    const look = await lookAt(join(folder, file))
    if (look !== null) stamps[file] = look.stamp
  }
  return stamps
}

export async function keepStamps(paths: StorePaths, digest: string, stamps: Stamps): Promise<void> {
  await writeFileAtomic(paths.stamp(digest), JSON.stringify(stamps))
}

/** Lets the next look hash everything again. */
export async function forgetStamp(paths: StorePaths, digest: string): Promise<void> {
  await ifWritable(() => rm(paths.stamp(digest), { force: true }))
}

/** The box of a digest by its box.json alone; its files are not looked at. Throws E_BOX_CORRUPT. */
export async function readUnchecked(paths: StorePaths, digest: string): Promise<StoredBox | null> {
  const dir = paths.content(digest)
  let json: Buffer
  try {
    json = await readFile(paths.boxJson(digest))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
  if (createHash('sha256').update(json).digest('hex') !== digest)
    throw new PosadaError('E_BOX_CORRUPT', `${paths.boxJson(digest)} has changed`, {
      value: paths.boxJson(digest),
      hint: 'remove the box and get it again: posada box remove, then posada box build or add',
    })
  return { digest, dir, manifest: parseBoxManifest(json.toString('utf8'), dir) }
}

/** The time of the stamps is that of the box's last use. */
async function touch(path: string): Promise<void> {
  const now = new Date()
  await ifWritable(() => utimes(path, now, now))
}

/**
 * Does what only spares later looks: a store that may only be read, or is full, does without, and a box that is removed
 * at this moment.
 */
async function ifWritable(write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT')) throw error
  }
}

/** A file of a box as box.json tells of it. */
export async function describeFile(folder: string, file: string): Promise<BoxFile> {
  const path = join(folder, file)
  return { file, size: (await stat(path)).size, sha256: await sha256OfFile(path) }
}

async function lookAt(path: string): Promise<{ size: bigint; stamp: string } | null> {
  try {
    const found = await lstat(path, { bigint: true })
    if (!found.isFile()) return null
    return { size: found.size, stamp: `${found.size}:${found.mtimeNs}:${found.ino}` }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

/** A stamp file that cannot be read costs a hash and nothing else. */
function parseStamps(text: string | null): Stamps {
  if (text === null) return {}
  try {
    const data: unknown = JSON.parse(text)
    return typeof data === 'object' && data !== null ? (data as Stamps) : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

function corrupt(box: StoredBox, problem: string): PosadaError {
  const { name, version } = box.manifest
  return new PosadaError('E_BOX_CORRUPT', `the box ${name} (version ${version}) is damaged: ${problem}`, {
    value: box.dir,
    hint: 'getting it again repairs it: posada box add with its source, or posada box build if it was built here',
  })
}
