import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
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
