import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { digestPattern } from '../../lib/values/box-names.ts'
import { count, list, parseShape, record, text } from '../../lib/values/shape.ts'
import { boxFiles } from '../box-manifest.ts'
import type { StoredBox } from '../model.ts'
import type { StorePaths } from '../store-paths.ts'
import { cutFile, type Extent } from './cut-file.ts'
import { sha256Of } from './pack.ts'

/** A chunk of one of a box's files, by what is in it. */
export interface PlainChunk extends Extent {
  file: string
  /** Lower-case hexadecimal. */
  sha256: string
}

const chunkShape = record<PlainChunk>({
  file: text({ max: 100 }),
  offset: count(),
  length: count(),
  sha256: text({ pattern: digestPattern }),
})
const listShape = list(chunkShape, { max: 50_000 })

/**
 * The chunks of a box in the store, in the order of files and offsets. Found once and kept beside the
 * box: a hint that says where a chunk may be, for whoever takes one looks at its digest.
 */
export async function chunksOf(
  paths: StorePaths,
  box: StoredBox,
  signal: AbortSignal,
): Promise<PlainChunk[]> {
  const kept = parseShape(listShape, await readTextIfThere(paths.chunks(box.digest)))
  if (kept !== null) return kept
  const chunks: PlainChunk[] = []
  for (const { file } of boxFiles(box.manifest)) {
    const path = join(box.dir, file)
    for (const extent of await cutFile(path)) {
      signal.throwIfAborted()
      chunks.push({ file, ...extent, sha256: await sha256Of(await readExtent(path, extent)) })
    }
  }
  await keepChunks(paths, box.digest, chunks)
  return chunks
}

export async function keepChunks(
  paths: StorePaths,
  digest: string,
  chunks: readonly PlainChunk[],
): Promise<void> {
  const bare = chunks.map(({ file, offset, length, sha256 }) => ({ file, offset, length, sha256 }))
  await writeFileAtomic(paths.chunks(digest), JSON.stringify(bare))
}

/** The bytes of a part of a file; fewer where the file ends before. */
export async function readExtent(path: string, { offset, length }: Extent): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const bytes = Buffer.allocUnsafeSlow(length)
    let got = 0
    while (got < length) {
      const { bytesRead } = await file.read(bytes, got, length - got, offset + got)
      if (bytesRead === 0) break
      got += bytesRead
    }
    return bytes.subarray(0, got)
  } finally {
    await file.close()
  }
}

/** One that cannot be read is made again. */
