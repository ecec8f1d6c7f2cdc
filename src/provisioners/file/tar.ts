import { createReadStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Pack } from 'tar-stream'
import type { FileStep } from '../../manifest/index.ts'
import { sourceError } from '../errors.ts'
import type { Entry } from './source.ts'

/** The last entry: an archive without it was cut off. */
export const END_ENTRY = '.posada-end'

const types = { file: 'file', folder: 'directory', link: 'symlink' } as const
/** Milliseconds: tar-stream writes no later times. */
const latest = (2 ** 31 - 1) * 1000

/**
 * A folder as a tar archive, owned by root, with `.posada-end` as its last entry. Names that ustar has no
 * room for stand in pax headers.
 */
export async function* writeTar(step: FileStep, entries: readonly Entry[]): AsyncGenerator<Buffer> {
  const { pack } = await import('tar-stream')
  const archive = pack()
  // What goes wrong in it ends the archive, and is met there.
  const written = writeEntries(archive, step, entries).catch((error: Error) => archive.destroy(error))
  try {
    yield* archive as AsyncIterable<Buffer>
  } finally {
    archive.destroy()
    await written
  }
}

async function writeEntries(archive: Pack, step: FileStep, entries: readonly Entry[]): Promise<void> {
  for (const one of entries) {
    const { name, kind, mode, size, link: linkname } = one
    const mtime = new Date(Math.min(Math.max(one.mtime, 0), latest))
    const header = { name, type: types[kind], mode, size, mtime }
    const sink = archive.entry(linkname === undefined ? header : { ...header, linkname })
    if (kind === 'file') await pipeline(contentOf(step, one), sink as unknown as Writable)
  }
  archive.entry({ name: END_ENTRY, mode: 0o600, mtime: new Date(0) }, '')
  archive.finalize()
}

async function* contentOf(step: FileStep, { path, size }: Entry): AsyncGenerator<Buffer> {
  let left = size
  if (size > 0)
    for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 256 * 1024 })) {
      left -= (chunk as Buffer).length
      yield chunk as Buffer
    }
  if (left > 0) throw sourceError(step, path, 'changed while it was read')
}
