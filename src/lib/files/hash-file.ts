import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { ChecksumAlgorithm } from '../values/checksum.ts'

export function sha256OfFile(path: string): Promise<string> {
  return hashOfFile(path, 'sha256')
}

/** In lower-case hexadecimal. */
export async function hashOfFile(path: string, algorithm: ChecksumAlgorithm): Promise<string> {
  const hash = createHash(algorithm)
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

const sparseUnit = 64 * 1024
const zeros = Buffer.alloc(sparseUnit)

/** Of a file's pieces of 64 KiB that are not all zeros, each after its place: holes are not hashed, which is most of the time. */
export async function sha256OfSparseFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(16 * sparseUnit)
  const place = Buffer.alloc(8)
  const file = await open(path)
  try {
    for (let at = 0, filled = 0; ; ) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, at + filled)
      filled += bytesRead
      if (bytesRead > 0 && filled < buffer.length) continue
      for (let start = 0; start < filled; start += sparseUnit) {
        const piece = buffer.subarray(start, Math.min(start + sparseUnit, filled))
        if (piece.equals(zeros)) continue
        place.writeBigUInt64BE(BigInt(at + start))
        hash.update(place).update(piece)
      }
      if (bytesRead === 0) return hash.digest('hex')
      at += filled
      filled = 0
    }
  } finally {
    await file.close()
  }
}
