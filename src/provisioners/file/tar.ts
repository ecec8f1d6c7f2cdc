import { createReadStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Pack } from 'tar-stream'
import type { FileStep } from '../../manifest/index.ts'
import { sourceError } from '../errors.ts'
import { paxEntry } from './pax-entry.ts'
import { type Entry, shown } from './source.ts'

/** The last entry: an archive without it was cut off. */
export const endEntry = '.posada-end'

const types = { file: 'file', folder: 'directory', link: 'symlink' } as const
/** Milliseconds: tar-stream writes no later times. */
const latest = (2 ** 31 - 1) * 1000
/** A bit that is not written, for tar-stream takes a mode of 0 for none. */
const given = 0o100000

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
    const { name, link, size, mode } = one
    // tar-stream writes text; bytes that are not UTF-8 stand in a header of our own before it.
    if (Buffer.isBuffer(name) || Buffer.isBuffer(link)) archive.push(paxEntry({ path: name, linkpath: link }))
    const mtime = new Date(Math.min(Math.max(one.mtime, 0), latest))
    const header = { name: shortened(name), type: types[one.kind], mode: mode | given, size, mtime }
    await writeEntry(archive, link === undefined ? header : { ...header, linkname: shortened(link) }, () =>
      contentOf(step, one),
    )
  }
  archive.entry({ name: endEntry, mode: 0o600, mtime: new Date(0) }, '')
  archive.finalize()
}

/** Resolves when all of it is in the archive. */
function writeEntry(
  archive: Pack,
  header: Parameters<Pack['entry']>[0],
  content: () => AsyncGenerator<Buffer>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = archive.entry(header, (error) => (error instanceof Error ? reject(error) : resolve()))
    if (header.type === 'file') pipeline(content(), sink as unknown as Writable).catch(reject)
  })
}

function shortened(name: string | Buffer): string {
  return typeof name === 'string' ? name : 'bytes'
}

async function* contentOf(step: FileStep, { path, size }: Entry): AsyncGenerator<Buffer> {
  let left = size
  if (size > 0)
    for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 256 * 1024 })) {
      left -= (chunk as Buffer).length
      yield chunk as Buffer
    }
  if (left > 0) throw sourceError(step, shown(path), { why: 'changed while it was read' })
}
