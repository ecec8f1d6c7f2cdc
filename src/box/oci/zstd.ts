import { loadKoffi } from '../../lib/native/koffi.ts'

/** Packs and unpacks whole pieces with zstd, on a thread beside Node's own. Source: zstd.h, "Simple API". */
export interface Zstd {
  /** Level 1 to 19; 3 is zstd's own choice. */
  compress(bytes: Uint8Array, level: number): Promise<Buffer>
  /** Fills `plain` with exactly as many bytes as it has; false where the piece is damaged or holds another number. */
  decompress(bytes: Uint8Array, plain: Buffer): Promise<boolean>
}

let loaded: Zstd | null | undefined

/** libzstd of this system, which Node 20 has none of its own of; null where it is not installed. */
export function loadZstd(): Zstd | null {
  if (loaded === undefined) loaded = load()
  return loaded
}

type Size = number | bigint
interface Call<T extends unknown[]> {
  async(...args: [...T, (error: Error | null, result: Size) => void]): void
}

const names =
  process.platform === 'darwin'
    ? ['/opt/homebrew/lib/libzstd.1.dylib', '/usr/local/lib/libzstd.1.dylib']
    : ['libzstd.so.1']

function load(): Zstd | null {
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
