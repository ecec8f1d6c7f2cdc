import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { pool } from '../../lib/async/pool.ts'
import { exists } from '../../lib/files/folders.ts'
import { boxFiles } from '../box-manifest.ts'
import { checkDisks, checkHashes } from '../check-files.ts'
import { checkRoom } from '../download/failures.ts'
import { transfer } from '../download/progress.ts'
import type { BoxManifest } from '../model.ts'
import { boxJsonName } from '../store-paths.ts'
import { BufferPool } from './buffer-pool.ts'
import { type LocalChunks, takeLocal } from './local-chunks.ts'
import type { Chunk } from './manifest.ts'
import { sha256Of, unpackChunk } from './pack.ts'
import { type Got, PullFile } from './pull-file.ts'
import type { Registry } from './registry.ts'
import type { RemoteBox } from './resolve.ts'

export interface PullOptions {
  registry: Registry
  /** Where the box is put together. What an earlier command left there is continued. */
  work: string
  local: LocalChunks
  /** For messages. */
  shown: string
  emit: Emit
  signal: AbortSignal
}

/** Chunks that are fetched and unpacked at once. */
const atOnce = 4

/**
 * Puts the files of a box together in `work` and moves them into the empty folder `target`, checked.
 * A chunk that `work` has from before, or another box in the store, is not fetched. What `work` has was
 * written by the same list of chunks, so that between them there is nothing.
 * E_TRANSFER, E_CHECKSUM, E_BOX_CORRUPT, E_BOX_INVALID, E_DISK_FULL.
 */
export async function pullBox(remote: RemoteBox, target: string, options: PullOptions): Promise<BoxManifest> {
  const { work, shown } = options
  const { box, chunks, json } = remote
  const hadPart = await exists(work)
  await mkdir(work, { recursive: true, mode: 0o700 })
  await utimes(work, new Date(), new Date())
  const total = chunks.reduce((sum, { length }) => sum + length, 0)
  if (!hadPart) await checkRoom({ what: shown }, work, total)
  const hashes = await putTogether(remote, { hadPart, total }, options)
  try {
    checkHashes(box, hashes, shown)
    await checkDisks(work, box, shown)
  } catch (error) {
    // Each chunk was what its digest says, so another try would come to the same.
    if (error instanceof PosadaError) await rm(work, { recursive: true, force: true })
    throw error
  }
  for (const { file } of boxFiles(box)) await rename(join(work, file), join(target, file))
  await writeFile(join(target, boxJsonName), json, { flag: 'wx' })
  return box
}

/** Returns the SHA-256 of each file. */
async function putTogether(
  { box, chunks }: RemoteBox,
  { hadPart, total }: { hadPart: boolean; total: number },
  options: PullOptions,
): Promise<Map<string, string>> {
  const progress = transfer('fetching', options.shown, options.emit).progress(total)
  const memory = new BufferPool()
  const files = new Map<string, PullFile>()
  let done = 0
  try {
    for (const { file, size } of boxFiles(box))
      files.set(file, await PullFile.open(join(options.work, file), size))
    await pool(atOnce, chunks, async (chunk) => {
      options.signal.throwIfAborted()
      const file = files.get(chunk.file)
      if (file === undefined) throw new Error('a chunk of no file')
      const plain = memory.take(chunk.length)
      try {
        await file.put(chunk, obtain(chunk, { file: hadPart ? file : null, plain, memory, options }))
      } finally {
        memory.give(plain)
      }
      done += chunk.length
      progress.advance(done)
    })
    const hashes = new Map<string, string>()
    for (const [name, file] of files) hashes.set(name, await file.digest())
    return hashes
  } finally {
    for (const file of files.values()) await file.close()
  }
}

interface Obtaining {
  /** Where the chunk may be from before. */
  file: PullFile | null
  /** For its bytes. */
  plain: Buffer
  memory: BufferPool
  options: PullOptions
}

/** A chunk from an earlier command, from another box in the store, or from the registry. */
async function obtain(chunk: Chunk, { file, plain, memory, options }: Obtaining): Promise<Got> {
  const there = file === null ? null : await file.read(chunk)
  if (there !== null && (await sha256Of(there)) === chunk.sha256) return { bytes: there, isThere: true }
  const local = await takeLocal(options.local, chunk)
  if (local !== null) return { bytes: local, isThere: false }
  const packed = memory.take(chunk.blob.size)
  try {
    await fetchChunk(chunk, { packed, plain, options })
  } finally {
    memory.give(packed)
  }
  return { bytes: plain, isThere: false }
}

async function fetchChunk(
  { blob, file }: Chunk,
  { packed, plain, options }: { packed: Buffer; plain: Buffer; options: PullOptions },
): Promise<void> {
  const bytes = await options.registry.blob(blob, packed)
  if (await unpackChunk({ mediaType: blob.mediaType, bytes }, plain)) return
  throw new PosadaError('E_BOX_CORRUPT', `${options.shown} is damaged: part of ${file} cannot be unpacked`, {
    value: blob.digest,
    hint: 'it was damaged when it was pushed; push it again, or use another version',
  })
}
