import { readStart } from '../../lib/files/read-start.ts'
import type { Piece } from '../../lib/tar/member-body.ts'
import { openArchive } from '../archive/open-archive.ts'
import { writeMember } from '../archive/write-member.ts'
import { kindOf } from './file-kinds.ts'

/** Bytes that formats are told apart by. */
const startLength = 64 * 1024

/**
 * The first bytes of an image, unpacked where it is packed with gzip, xz or zstd. E_BOX_INVALID for one that cannot be
 * unpacked.
 */
export async function startOfImage(path: string, shown: string): Promise<Buffer> {
  const { start } = await readStart(path)
  if (kindOf(start)?.packed !== true) return start
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const bytes of openArchive(path, { shown })) {
    pieces.push(bytes)
    length += bytes.length
    if (length >= startLength) break
  }
  return Buffer.concat(pieces).subarray(0, startLength)
}

/** Unpacks a single file, sparse, to a path that must not be there yet; its SHA-256. E_BOX_INVALID. */
export async function unpackImage(
  { path, shown }: { path: string; shown: string },
  to: string,
  signal: AbortSignal,
): Promise<string> {
  let size = 0
  async function* pieces(): AsyncGenerator<Piece> {
    for await (const bytes of openArchive(path, { shown, signal })) {
      yield { offset: size, bytes }
      size += bytes.length
    }
  }
  return writeMember(to, () => size, pieces())
}
