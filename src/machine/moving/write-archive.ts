import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Pack } from 'tar-stream'
import { PosadaError } from '../../errors/index.ts'
import { sha256OfFile } from '../../lib/files/hash-file.ts'
import type { SourceFile } from './contents.ts'
import { type ExportedFile, type ExportHeader, headerName, headerText } from './header.ts'

/** Files with their sizes and digests, in their order. They may not change from here on. */
export async function describeFiles(files: readonly SourceFile[]): Promise<ExportedFile[]> {
  const described: ExportedFile[] = []
  for (const { path, member } of files)
    described.push({ path: member, size: (await stat(path)).size, sha256: await sha256OfFile(path) })
  return described
}

/** The archive as a tar stream (POSIX.1-2017, pax): the header, then the files that it names, in that order. */
export async function* writeArchive(
  header: ExportHeader,
  files: readonly SourceFile[],
): AsyncGenerator<Buffer> {
  const { pack } = await import('tar-stream')
  const archive = pack()
  // What goes wrong in it ends the archive, and is met there.
  const written = writeMembers(archive, header, files).catch((error: Error) => archive.destroy(error))
  try {
    yield* archive as AsyncIterable<Buffer>
  } finally {
    archive.destroy()
    await written
  }
}

async function writeMembers(
  archive: Pack,
  header: ExportHeader,
  files: readonly SourceFile[],
): Promise<void> {
  const mtime = new Date(header.at)
  archive.entry({ name: headerName, mode: 0o600, mtime }, headerText(header))
  for (const [index, { path, member }] of files.entries()) {
    const size = header.files[index]?.size ?? 0
    await writeEntry(archive, { name: member, size, mode: 0o600, mtime }, path)
  }
  archive.finalize()
}

function writeEntry(archive: Pack, entry: Parameters<Pack['entry']>[0], path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = archive.entry(entry, (error) => (error instanceof Error ? reject(error) : resolve()))
    pipeline(content(path, entry.size ?? 0), sink as unknown as Writable).catch(reject)
  })
}

async function* content(path: string, size: number): AsyncGenerator<Buffer> {
  let left = size
  if (size > 0)
    for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 2 ** 20 })) {
      left -= (chunk as Buffer).length
      yield chunk as Buffer
    }
  if (left > 0)
    throw new PosadaError('E_EXPORT', `${path} changed while it was read`, {
      value: path,
      hint: 'export again',
    })
}
