import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { pool } from '../../lib/async/pool.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { transfer } from '../download/progress.ts'
import type { StoredBox } from '../model.ts'
import { boxJsonName, type StorePaths } from '../store-paths.ts'
import { chunksOf, type PlainChunk, readExtent } from './chunk-list.ts'
import type { Descriptor } from './descriptor.ts'
import { type ArchManifests, readIndex, writeIndex } from './index-manifest.ts'
import { type Chunk, readManifest, writeManifest } from './manifest.ts'
import { mediaTypes } from './media-types.ts'
import { packChunk, sha256Of } from './pack.ts'
import type { Registry } from './registry.ts'

export interface PushOptions {
  paths: StorePaths
  registry: Registry
  tag: string
  /** For messages: `oci://registry.example.com/team/shop:1.2`. */
  shown: string
  emit: Emit
  signal: AbortSignal
}

export interface Pushed {
  /** Of what the tag leads to now: `sha256:…`. */
  digest: string
  /** Bytes of chunks: of all, and of those that the registry did not have. */
  size: number
  uploaded: number
}

/** Two of 32 MiB are held at once, packed and not. */
const atOnce = 3

/**
 * Puts a box into a registry: chunks that are not there yet, box.json, the manifest, and only then what
 * the tag leads to. Another architecture that the tag has stays beside it. Killed, it leaves chunks that
 * the next push finds. E_TRANSFER, E_CHECKSUM, E_REGISTRY_AUTH, E_BOX_INVALID.
 */
export async function pushBox(box: StoredBox, options: PushOptions): Promise<Pushed> {
  const { paths, registry, tag, shown, signal } = options
  const others = await archsAt(registry, tag, shown)
  const before = others.get(box.manifest.arch)?.chunks ?? []
  // However they were packed, they are there.
  const known = new Map(before.map(({ sha256, blob }) => [sha256, blob]))
  const plain = await chunksOf(paths, box, signal)
  const { chunks, uploaded } = await putChunks(box, { plain, known }, options)
  const json = await readFile(join(box.dir, boxJsonName))
  const config = { mediaType: mediaTypes.config, ...described(json), annotations: {} }
  await putMissing(config, json, registry)
  const bytes = writeManifest(box.manifest, { config, chunks })
  const manifest: Descriptor = { mediaType: mediaTypes.manifest, ...described(bytes), annotations: {} }
  const kept = [...others].map(([arch, other]) => [arch, other.manifest] as const)
  const all = new Map<Arch, Descriptor>(kept).set(box.manifest.arch, manifest)
  const size = chunks.reduce((sum, { blob }) => sum + blob.size, 0)
  return { digest: await putTag(all, { manifest, bytes }, options), size, uploaded }
}

/** What the tag leads to by architecture. E_BOX_EXISTS where any of that is not a box: it would be lost. */
async function archsAt(registry: Registry, tag: string, shown: string): Promise<Map<Arch, BoxAt>> {
  const found = await registry.manifest(tag)
  const archs = new Map<Arch, BoxAt>()
  if (found === null) return archs
  try {
    if (found.mediaType !== mediaTypes.index) {
      const { arch, chunks } = readManifest(found.bytes, shown)
      const { mediaType, digest, bytes } = found
      const manifest = { mediaType, digest, size: bytes.length, annotations: {} }
      return arch === null ? archs : archs.set(arch, { manifest, chunks })
    }
    const { archs: entries, others } = readIndex(found.bytes, shown)
    if (others > 0) throw taken(shown, `holds ${others} other artifact${others === 1 ? '' : 's'}`)
    for (const [arch, manifest] of entries) {
      const one = await registry.manifest(manifest.digest, manifest.size)
      archs.set(arch, { manifest, chunks: one === null ? [] : readManifest(one.bytes, shown).chunks })
    }
    return archs
  } catch (error) {
    if (!isPosadaError(error, 'E_BOX_INVALID')) throw error
    throw taken(shown, 'is not a box')
  }
}

/** A box that a tag leads to. */
interface BoxAt {
  manifest: Descriptor
  chunks: Chunk[]
}

function taken(shown: string, what: string): PosadaError {
  return new PosadaError('E_BOX_EXISTS', `${shown} already exists and ${what}`, {
    value: shown,
    hint: 'push to another tag',
  })
}

async function putChunks(
  box: StoredBox,
  { plain, known }: { plain: readonly PlainChunk[]; known: ReadonlyMap<string, Descriptor> },
  options: PushOptions,
): Promise<{ chunks: Chunk[]; uploaded: number }> {
  const total = plain.reduce((sum, { length }) => sum + length, 0)
  const progress = transfer('sending', options.shown, options.emit).progress(total)
  const chunks: Chunk[] = []
  const blobs = new Map<string, Promise<Descriptor>>()
  let done = 0
  let uploaded = 0
  await pool(atOnce, plain.entries(), async ([index, chunk]) => {
    options.signal.throwIfAborted()
    const put = async () => {
      const { blob, isNew } = await putChunk(box, { chunk, known: known.get(chunk.sha256) }, options)
      uploaded += isNew ? blob.size : 0
      return blob
    }
    // The same piece may be in a box many times.
    const blob = blobs.get(chunk.sha256) ?? put()
    blobs.set(chunk.sha256, blob)
    chunks[index] = { ...chunk, blob: await blob }
    done += chunk.length
    progress.advance(done)
  })
  return { chunks, uploaded }
}

async function putChunk(
  box: StoredBox,
  { chunk, known }: { chunk: PlainChunk; known: Descriptor | undefined },
  options: PushOptions,
): Promise<{ blob: Descriptor; isNew: boolean }> {
  const { registry } = options
  if (known !== undefined && (await registry.hasBlob(known.digest)))
    return { blob: { ...known, annotations: {} }, isNew: false }
  const plain = await readExtent(join(box.dir, chunk.file), chunk)
  if ((await sha256Of(plain)) !== chunk.sha256)
    throw new PosadaError(
      'E_BOX_CORRUPT',
      `${chunk.file} of ${box.manifest.name} changed while it was read`,
      {
        value: box.dir,
        hint: 'posada box verify shows what is wrong with it',
      },
    )
  const { mediaType, bytes } = await packChunk(plain)
  const digest = `sha256:${await sha256Of(bytes)}`
  const blob = { mediaType, digest, size: bytes.length, annotations: {} }
  return { blob, isNew: await putMissing(blob, bytes, registry) }
}

/** Whether it was not there. */
async function putMissing({ digest }: Descriptor, bytes: Uint8Array, registry: Registry): Promise<boolean> {
  if (await registry.hasBlob(digest)) return false
  await registry.putBlob(digest, bytes)
  return true
}

/** A tag with one architecture leads to its manifest, one with several to an index. Returns the digest of that. */
async function putTag(
  all: ArchManifests,
  { manifest, bytes }: { manifest: Descriptor; bytes: Buffer },
  { registry, tag }: PushOptions,
): Promise<string> {
  const own = { mediaType: mediaTypes.manifest, bytes }
  if (all.size === 1) {
    await registry.putManifest(tag, own)
    return manifest.digest
  }
  await registry.putManifest(manifest.digest, own)
  const index = writeIndex(all)
  await registry.putManifest(tag, { mediaType: mediaTypes.index, bytes: index })
  return described(index).digest
}

function described(bytes: Buffer): { digest: string; size: number } {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length }
}
