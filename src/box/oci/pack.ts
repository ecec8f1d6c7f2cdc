import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { mediaTypes } from './media-types.ts'
import { loadZstd } from './zstd.ts'

/** A chunk as it lies in a registry. */
export interface Packed {
  mediaType: string
  bytes: Uint8Array
}

/** What saves less than this stays as it is: it would only have to be unpacked. */
const worthwhile = 0.95
const level = { zstd: 3, gzip: 6 } as const

/** Packs a chunk, with zstd where the system has it; what does not get smaller stays as it is. */
export async function packChunk(plain: Uint8Array): Promise<Packed> {
  const zstd = loadZstd()
  const packed: Packed =
    zstd === null
      ? { mediaType: mediaTypes.chunkGzip, bytes: await promisify(gzip)(plain, { level: level.gzip }) }
      : { mediaType: mediaTypes.chunkZstd, bytes: await zstd.compress(plain, level.zstd) }
  return packed.bytes.length > plain.length * worthwhile
    ? { mediaType: mediaTypes.chunk, bytes: plain }
    : packed
}

/**
 * Fills `plain` with the plain bytes of a chunk; false where it is damaged, holds another number of them, or is
 * packed in a way that is not known. Never takes more memory than that, whatever is in it.
 */
export async function unpackChunk({ mediaType, bytes }: Packed, plain: Buffer): Promise<boolean> {
  if (mediaType === mediaTypes.chunk || mediaType === mediaTypes.chunkGzip) {
    const found = mediaType === mediaTypes.chunk ? bytes : await gunzipChunk(bytes, plain.length)
    if (found?.length !== plain.length) return false
    plain.set(found)
    return true
  }
  if (mediaType !== mediaTypes.chunkZstd) return false
  const zstd = loadZstd()
  if (zstd === null)
    throw new PosadaError('E_BOX_INVALID', 'the box is packed with zstd, and libzstd is not installed', {
      value: mediaType,
      hint: 'sudo apt-get install libzstd1',
    })
  return zstd.decompress(bytes, plain)
}

async function gunzipChunk(bytes: Uint8Array, length: number): Promise<Buffer | null> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: length })
  } catch (error) {
    if (isErrno(error, 'Z_DATA_ERROR', 'Z_BUF_ERROR', 'ERR_BUFFER_TOO_LARGE')) return null
    throw error
  }
}

/** SHA-256 in hexadecimal, taken on a thread of Node's pool. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  if (bytes.length < 65_536) return createHash('sha256').update(bytes).digest('hex')
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)).toString('hex')
}
