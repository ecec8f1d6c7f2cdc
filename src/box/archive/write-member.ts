import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { hashZeros, isZero } from './hash-zeros.ts'
import type { Piece } from './tar-members.ts'

/**
 * Writes a file that must not be there yet, from its pieces in order, and hashes it on the way. Holes
 * between the pieces and pieces of zeros take no room. Returns the SHA-256 of the whole in hexadecimal.
 */
export async function writeMember(path: string, size: number, pieces: AsyncIterable<Piece>): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path, 'wx', 0o600)
  try {
    let at = 0
    for await (const { offset, bytes } of pieces) {
      hashZeros(hash, offset - at)
      // The hash is taken while a thread of Node's pool writes.
      const written = isZero(bytes) ? null : writeAll(file, bytes, offset)
      hash.update(bytes)
      await written
      at = offset + bytes.length
    }
    hashZeros(hash, size - at)
    await file.truncate(size)
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

/** write(2) may take less than it is given. */
async function writeAll(
  file: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
  offset: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
}
