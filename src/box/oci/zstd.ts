import * as zlib from 'node:zlib'
import { isErrno } from '../../lib/files/errno.ts'
import { loadKoffi } from '../../lib/native/koffi.ts'

/** Packs and unpacks whole pieces with zstd, on a thread beside Node's own. */
export interface Zstd {
  /** Level 1 to 19; 3 is zstd's own choice. */
  compress(bytes: Uint8Array, level: number): Promise<Buffer>
  /** Fills `plain` with exactly as many bytes as it has; false where the piece is damaged or holds another number. */
  decompress(bytes: Uint8Array, plain: Buffer): Promise<boolean>
}

let loaded: Zstd | null | undefined

/** Node's own, which 22.15 and later have; else libzstd of this system; null where neither is there. */
export function loadZstd(): Zstd | null {
  if (loaded === undefined) loaded = nodeZstd() ?? systemZstd()
  return loaded
}

/** What Node 20 has no types for. */
interface NodeZstd {
  zstdCompress(bytes: Uint8Array, options: object, done: Done): void
  zstdDecompress(bytes: Uint8Array, options: object, done: Done): void
  constants: { ZSTD_c_compressionLevel: number }
}
type Done = (error: Error | null, result: Buffer) => void

export function nodeZstd(): Zstd | null {
  if (!('zstdDecompress' in zlib)) return null
  const node = zlib as unknown as NodeZstd
  const { ZSTD_c_compressionLevel: levelKey } = node.constants
  return {
    compress: (bytes, level) =>
      new Promise((resolve, reject) => {
        const options = { params: { [levelKey]: level } }
        node.zstdCompress(bytes, options, (error, result) =>
          error === null ? resolve(result) : reject(error),
        )
      }),
    // It takes a piece that is cut short for a shorter one.
    decompress: (bytes, plain) =>
      new Promise((resolve, reject) => {
        node.zstdDecompress(bytes, { maxOutputLength: plain.length }, (error, result) => {
          if (error !== null) return isDamage(error) ? resolve(false) : reject(error)
          if (result.length === plain.length) plain.set(result)
          resolve(result.length === plain.length)
        })
      }),
  }
}

function isDamage(error: Error): boolean {
  return (
    isErrno(error, 'Z_BUF_ERROR', 'Z_DATA_ERROR', 'ERR_BUFFER_TOO_LARGE') ||
    ('code' in error && String(error.code).startsWith('ZSTD_error_'))
  )
}

type Size = number | bigint
interface Call<T extends unknown[]> {
  async(...args: [...T, (error: Error | null, result: Size) => void]): void
}

const names =
  process.platform === 'darwin'
    ? ['/opt/homebrew/lib/libzstd.1.dylib', '/usr/local/lib/libzstd.1.dylib']
    : ['libzstd.so.1']

/** Source: zstd.h, "Simple API". */
export function systemZstd(): Zstd | null {
  const koffi = loadKoffi()
  const library = names.flatMap((name) => {
    try {
      return [koffi.load(name)]
    } catch {
      return []
    }
  })[0]
  if (library === undefined) return null
  const bound = library.func('size_t ZSTD_compressBound(size_t size)') as (size: number) => Size
  const isError = library.func('unsigned int ZSTD_isError(size_t code)') as (code: Size) => number
  const compress = library.func(
    'size_t ZSTD_compress(void* to, size_t room, const void* from, size_t size, int level)',
  ) as unknown as Call<[Buffer, number, Uint8Array, number, number]>
  const decompress = library.func(
    'size_t ZSTD_decompress(void* to, size_t room, const void* from, size_t size)',
  ) as unknown as Call<[Buffer, number, Uint8Array, number]>
  return {
    async compress(bytes, level) {
      const room = Number(bound(bytes.length))
      const packed = Buffer.allocUnsafeSlow(room)
      const size = await new Promise<Size>((resolve, reject) => {
        compress.async(packed, room, bytes, bytes.length, level, settle(resolve, reject))
      })
      if (isError(size) !== 0) throw new Error('zstd could not pack a piece')
      return Buffer.from(packed.subarray(0, Number(size)))
    },
    async decompress(bytes, plain) {
      const got = await new Promise<Size>((resolve, reject) => {
        decompress.async(plain, plain.length, bytes, bytes.length, settle(resolve, reject))
      })
      return isError(got) === 0 && Number(got) === plain.length
    },
  }
}

function settle(resolve: (value: Size) => void, reject: (error: Error) => void) {
  return (error: Error | null, result: Size) => (error === null ? resolve(result) : reject(error))
}
