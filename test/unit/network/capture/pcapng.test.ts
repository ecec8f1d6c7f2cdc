import fc from 'fast-check'
import { expect, it } from 'vitest'
import { pcapngDrops, pcapngFrame, pcapngHeader } from '../../../../src/network/capture/pcapng.ts'

/** The blocks of a file, by the lengths that stand before and behind each. */
function blocksIn(file: Buffer): { type: number; body: Buffer }[] {
  const blocks: { type: number; body: Buffer }[] = []
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4)
    expect(length % 4).toBe(0)
    expect(file.readUInt32LE(at + length - 4)).toBe(length)
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) })
    at += length
  }
  return blocks
}

it('a file begins with its section and an interface for each machine', () => {
  const blocks = blocksIn(
    pcapngHeader([
      { name: 'web', description: 'x' },
      { name: 'db', description: 'longer' },
    ]),
  )
  expect(blocks.map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 1])
  expect(blocks[0]?.body.readUInt32LE(0)).toBe(0x1a2b3c4d)
  expect(blocks[1]?.body.readUInt16LE(0)).toBe(1)
  expect(blocks[1]?.body.toString('latin1', 12, 15)).toBe('web')
})

it('a frame stands in it whole, with its interface and time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5), (frame, number) => {
      const time = 1_795_000_000_123.5
      const [block] = blocksIn(pcapngFrame(number, time, frame))
      if (block === undefined) throw new Error('no block')
      const { type, body } = block
      expect([type, body.readUInt32LE(0), body.readUInt32LE(12), body.readUInt32LE(16)]).toEqual([
        6,
        number,
        frame.length,
        frame.length,
      ])
      const microseconds = (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8))
      expect(microseconds).toBe(1_795_000_000_123_500n)
      expect(Uint8Array.from(body.subarray(20, 20 + frame.length))).toEqual(frame)
    }),
  )
})

it('what is missing is told at the end', () => {
  const [block] = blocksIn(pcapngDrops(1, 0, 77))
  expect([block?.type, block?.body.readBigUInt64LE(16)]).toEqual([5, 77n])
})
