import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BlockSplitter, missingIn } from '../../../../src/network/capture/blocks.ts'
import {
  interfaceBlock,
  packetBytes,
  sectionBlock,
  statisticsBlock,
  writePacket,
} from '../../../../src/network/capture/pcapng.ts'
import { bodiesIn, packetIn } from '../../../helpers/pcapng.ts'

it('a file begins with its section, and an interface says its name and how exact its times are', () => {
  const file = Buffer.concat([sectionBlock(), interfaceBlock('back/web', 'web on back', 96)])
  const [section, one] = bodiesIn(file)
  expect([section?.type, section?.body.readUInt32LE(0)]).toEqual([0x0a0d0d0a, 0x1a2b3c4d])
  expect([one?.type, one?.body.readUInt16LE(0), one?.body.readUInt32LE(4)]).toEqual([1, 1, 96])
  expect(one?.body.toString('latin1', 12, 20)).toBe('back/web')
  expect(one?.body.includes(Buffer.of(9, 0, 1, 0, 9, 0, 0, 0))).toBe(true)
})

const frames = fc.record({
  frame: fc.uint8Array({ maxLength: 200 }),
  before: fc.nat(40),
  interfaceNumber: fc.nat(5),
  time: fc.bigInt(0n, 2n ** 63n),
  direction: fc.constantFrom('received' as const, 'sent' as const),
  drops: fc.nat(3),
})

it('a frame stands in it with its interface, time, direction and what was missed before it', () => {
  fc.assert(
    fc.property(frames, fc.nat(250), ({ frame, before, ...packet }, snaplen) => {
      const kept = Math.min(frame.length, snaplen)
      const bytes = Buffer.concat([Buffer.alloc(before, 0xee), frame, Buffer.alloc(3, 0xee)])
      const target = Buffer.alloc(before + packetBytes(kept) + 8, 0xdd)
      const span = { bytes, start: before, end: before + frame.length }
      const end = writePacket(target, before, { ...packet, frame: span, kept })
      expect(end - before).toBeLessThanOrEqual(packetBytes(kept))
      const [block] = bodiesIn(target.subarray(before, end))
      expect(block === undefined ? null : packetIn(block)).toEqual({
        ...packet,
        length: frame.length,
        frame: Buffer.from(frame.subarray(0, kept)),
      })
      expect([...target.subarray(0, before), ...target.subarray(end)].every((byte) => byte === 0xdd)).toBe(
        true,
      )
    }),
  )
})

it('a stream in any pieces is cut into the blocks that were written, and never ends in half of one', () => {
  const statistics = statisticsBlock({ interfaceNumber: 1, begun: 1n, ended: 2n, received: 80, drops: 77 })
  const blocks = [sectionBlock(), interfaceBlock('a', 'b', 0), statistics, statistics]
  const file = Buffer.concat(blocks)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (sizes) => {
      const splitter = new BlockSplitter()
      const found = []
      let at = 0
      for (const size of [...sizes, file.length]) {
        found.push(...splitter.push(file.subarray(at, at + size)))
        at += size
      }
      expect(found.map(({ bytes }) => bytes)).toEqual(blocks)
      expect(found.map(missingIn)).toEqual([0, 0, 77, 77])
    }),
  )
})

it('what can be no block is not taken for one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        for (const block of new BlockSplitter().push(Buffer.from(bytes))) missingIn(block)
      } catch (error) {
        expect(String(error)).toMatch(/a block of \d+ bytes/)
      }
    }),
  )
})
