import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { boxFiles, boxJsonLimit, parseBoxManifest } from '../box-manifest.ts'
import type { BoxManifest } from '../model.ts'
import { checkFiles } from '../store/check-files.ts'
import { boxJsonName } from '../store-paths.ts'
import { ByteReader } from './byte-reader.ts'
import { openArchive } from './open-archive.ts'
import { readTarHeader, type TarHeader, tarBlock } from './tar-header.ts'

/**
 * Unpacks a box into the empty folder `target`. The archive is hostile: box.json comes first, and
 * what follows must be exactly the files that it names, each once, of the sizes that it gives. So
 * nothing is written that was not announced, however small the archive and large what is in it.
 */
export async function takeArchive(source: string, target: string): Promise<BoxManifest> {
  const reader = new ByteReader(openArchive(source))
  try {
    const json = await readBoxJson(reader, source)
    const manifest = parseBoxManifest(json.toString('utf8'), source)
    await writeNew(join(target, boxJsonName), [json])
    await unpackFiles(reader, { source, target, manifest })
    await checkFiles(target, manifest, source)
    return manifest
  } finally {
    await reader.close()
  }
}

async function readBoxJson(reader: ByteReader, source: string): Promise<Buffer> {
  const header = await nextFile(reader, source)
  if (header?.name !== boxJsonName)
    throw refused(
      source,
      `its first file is not ${boxJsonName}`,
      'make it with: tar cf box.tar box.json <the other files>',
    )
  if (header.size > boxJsonLimit)
    throw refused(source, `its ${boxJsonName} is too large (${header.size} bytes)`)
  const json = await reader.exactly(header.size)
  if (json === null) throw truncated(source)
  await skipPadding(reader, header.size, source)
  return json
}

async function unpackFiles(
  reader: ByteReader,
  { source, target, manifest }: { source: string; target: string; manifest: BoxManifest },
): Promise<void> {
  const expected = new Map(boxFiles(manifest).map((file) => [file.file, file.size]))
  for (;;) {
    const header = await nextFile(reader, source)
    if (header === null) break
    const size = expected.get(header.name)
    if (size === undefined)
      throw refused(source, `it holds ${header.name}, which box.json does not name, or holds it twice`)
    if (size !== header.size)
      throw refused(source, `${header.name} has ${header.size} bytes, and box.json says ${size}`)
    expected.delete(header.name)
    await writeNew(join(target, header.name), content(reader, size, source))
    await skipPadding(reader, size, source)
  }
  const [missing] = expected.keys()
  if (missing !== undefined) throw refused(source, `it lacks ${missing}`)
}

/** The next ordinary file; null at the end of the archive. */
async function nextFile(reader: ByteReader, source: string): Promise<TarHeader | null> {
  for (let folders = 0; folders < 2; folders++) {
    const block = await reader.exactly(tarBlock)
    if (block === null) throw truncated(source)
    const header = readTarHeader(block)
    if (typeof header === 'string') throw refused(source, header)
    if (header === null || header.kind === 'file') return header
  }
  throw refused(source, 'it holds folders')
}

async function* content(reader: ByteReader, size: number, source: string): AsyncGenerator<Uint8Array> {
  for (let missing = size; missing > 0; ) {
    const piece = await reader.some(missing)
    if (piece === null) throw truncated(source)
    missing -= piece.length
    yield piece
  }
}

async function skipPadding(reader: ByteReader, size: number, source: string): Promise<void> {
  const padding = (tarBlock - (size % tarBlock)) % tarBlock
  if (padding > 0 && (await reader.exactly(padding)) === null) throw truncated(source)
}

async function writeNew(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    // Each call goes on where the one before ended.
    for await (const piece of pieces) await file.writeFile(piece)
  } finally {
    await file.close()
  }
}

function truncated(source: string): PosadaError {
  return refused(source, 'it ends too early', 'get the archive again from where it came from')
}

function refused(source: string, problem: string, hint?: string): PosadaError {
  return new PosadaError('E_BOX_INVALID', `${source} is not a box: ${problem}`, {
    value: source,
    hint: hint ?? 'a box archive holds box.json and the files that it names, and nothing else',
  })
}
