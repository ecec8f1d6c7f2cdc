import { describe, expect, it } from 'vitest'
import { nodeZstd, systemZstd } from '../../../../src/box/oci/zstd.ts'

const plain = Buffer.alloc(300_000, 'a piece of a box ')

// Node 20 has no zstd of its own, and a system may have no libzstd: what is there is tested.
const found = { "Node's own": nodeZstd(), libzstd: systemZstd() }

it('is there on Linux, whatever Node has', () => {
  expect(Object.values(found).filter((one) => one !== null)).not.toEqual([])
})

describe.each(Object.entries(found))('%s', (_, zstd) => {
  it.skipIf(zstd === null)('packs what the other unpacks', async () => {
    const packed = await zstd?.compress(plain, 3)
    if (packed === undefined) throw new Error('not packed')
    expect(packed.length).toBeLessThan(1000)
    for (const other of Object.values(found)) {
      const into = Buffer.alloc(plain.length)
      if (other !== null)
        expect([await other.decompress(packed, into), into.equals(plain)]).toEqual([true, true])
    }
  })

  it.skipIf(zstd === null)('refuses what is damaged, cut short, or holds more or less', async () => {
    const packed = await zstd?.compress(plain, 3)
    if (packed === undefined) throw new Error('not packed')
    const unpack = (bytes: Uint8Array, length: number) => zstd?.decompress(bytes, Buffer.alloc(length))
    expect(await unpack(packed, plain.length - 1)).toBe(false)
    expect(await unpack(packed, plain.length + 1)).toBe(false)
    expect(await unpack(packed.subarray(0, -4), plain.length)).toBe(false)
    expect(await unpack(Buffer.from('something else'), plain.length)).toBe(false)
    expect(await unpack(Buffer.alloc(0), plain.length)).toBe(false)
  })
})
