import { createHash, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { mediaTypes } from '../../../../src/box/oci/media-types.ts'
import { packChunk, sha256Of, unpackChunk } from '../../../../src/box/oci/pack.ts'
import { loadZstd } from '../../../../src/lib/zstd.ts'

const plain = Buffer.from('the same over and over. '.repeat(50_000))

describe('a chunk', () => {
  it('is packed, and comes back', async () => {
    const packed = await packChunk(plain)
    expect(packed.bytes.length).toBeLessThan(plain.length / 100)
    expect(Buffer.from((await unpackChunk(packed, plain.length)) ?? '').equals(plain)).toBe(true)
  })

  it('that does not get smaller stays as it is', async () => {
    const bytes = randomBytes(100_000)
    expect(await packChunk(bytes)).toEqual({ mediaType: mediaTypes.chunk, bytes })
    expect(await unpackChunk({ mediaType: mediaTypes.chunk, bytes }, 100_000)).toBe(bytes)
    expect(await unpackChunk({ mediaType: mediaTypes.chunk, bytes }, 99_999)).toBeNull()
  })

  it.skipIf(loadZstd() === null).each([
    ['gzip', mediaTypes.chunkGzip, async () => gzipSync(plain)],
    ['zstd', mediaTypes.chunkZstd, async () => (await loadZstd()?.compress(plain, 3)) ?? Buffer.alloc(0)],
  ])(
    'packed with %s that is damaged, or has more or less than it should, is told',
    async (_, mediaType, pack) => {
      const whole = await pack()
      const unpack = (bytes: Buffer, length: number) => unpackChunk({ mediaType, bytes }, length)
      expect((await unpack(whole, plain.length))?.length).toBe(plain.length)
      expect(await unpack(whole, plain.length - 1)).toBeNull()
      expect(await unpack(whole, plain.length + 1)).toBeNull()
      expect(await unpack(whole.subarray(0, whole.length - 9), plain.length)).toBeNull()
      expect(await unpack(Buffer.from('garbage'), plain.length)).toBeNull()
    },
  )

  it('packed in another way is not guessed', async () => {
    const mediaType = `${mediaTypes.chunk}+lzma`
    expect(await unpackChunk({ mediaType, bytes: plain }, 8)).toBeNull()
  })

  it('has one digest, however long it is', async () => {
    for (const bytes of [Buffer.alloc(0), plain.subarray(0, 100), plain])
      expect(await sha256Of(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
  })
})
