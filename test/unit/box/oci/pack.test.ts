import { createHash, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { mediaTypes } from '../../../../src/box/oci/media-types.ts'
import { type Packed, packChunk, sha256Of, unpackChunk } from '../../../../src/box/oci/pack.ts'
import { loadZstd } from '../../../../src/box/oci/zstd.ts'

const plain = Buffer.from('the same over and over. '.repeat(50_000))

/** Its plain bytes where it has as many; null where it cannot be unpacked. */
async function unpack(packed: Packed, length: number): Promise<Buffer | null> {
  const bytes = Buffer.alloc(length)
  return (await unpackChunk(packed, bytes)) ? bytes : null
}

describe('a chunk', () => {
  it('is packed, and comes back', async () => {
    const packed = await packChunk(plain)
    expect(packed.bytes.length).toBeLessThan(plain.length / 100)
    expect((await unpack(packed, plain.length))?.equals(plain)).toBe(true)
  })

  it('that does not get smaller stays as it is', async () => {
    const bytes = randomBytes(100_000)
    expect(await packChunk(bytes)).toEqual({ mediaType: mediaTypes.chunk, bytes })
    expect((await unpack({ mediaType: mediaTypes.chunk, bytes }, 100_000))?.equals(bytes)).toBe(true)
    expect(await unpack({ mediaType: mediaTypes.chunk, bytes }, 99_999)).toBeNull()
  })

  it.skipIf(loadZstd() === null).each([
    ['gzip', mediaTypes.chunkGzip, async () => gzipSync(plain)],
    ['zstd', mediaTypes.chunkZstd, async () => (await loadZstd()?.compress(plain, 3)) ?? Buffer.alloc(0)],
  ])(
    'packed with %s that is damaged, or has more or less than it should, is told',
    async (_, mediaType, pack) => {
      const whole = await pack()
      const tried = (bytes: Buffer, length: number) => unpack({ mediaType, bytes }, length)
      expect((await tried(whole, plain.length))?.equals(plain)).toBe(true)
      expect(await tried(whole, plain.length - 1)).toBeNull()
      expect(await tried(whole, plain.length + 1)).toBeNull()
      expect(await tried(whole.subarray(0, whole.length - 9), plain.length)).toBeNull()
      expect(await tried(Buffer.from('garbage'), plain.length)).toBeNull()
    },
  )

  it('packed in another way is not guessed', async () => {
    const mediaType = `${mediaTypes.chunk}+lzma`
    expect(await unpack({ mediaType, bytes: plain }, 8)).toBeNull()
  })

  it('has one digest, however long it is', async () => {
    for (const bytes of [Buffer.alloc(0), plain.subarray(0, 100), plain])
      expect(await sha256Of(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
  })
})
