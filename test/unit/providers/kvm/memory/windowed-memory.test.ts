import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createWindowedMemory } from '../../../../../providers/kvm/memory/windowed-memory.ts'

/** Two windows that touch, a hole, and one more: 0..0x2000, 0x2000..0x3000, 4 GiB..4 GiB + 0x2000. */
function memory() {
  const released: number[][] = []
  const windows = [
    { base: 0, buffer: new ArrayBuffer(0x2000) },
    { base: 0x2000, buffer: new SharedArrayBuffer(0x1000) },
    { base: 2 ** 32, buffer: new ArrayBuffer(0x2000) },
  ]
  return { released, ram: createWindowedMemory(windows, (...pages) => released.push(pages)) }
}

describe('guest memory in windows', () => {
  it('joins windows that touch', () => {
    const { ram } = memory()
    expect(ram.size).toBe(0x5000)
    expect(ram.regions).toEqual([
      { base: 0, size: 0x3000 },
      { base: 2 ** 32, size: 0x2000 },
    ])
  })

  it('reads and writes across the edge of two windows', () => {
    const { ram } = memory()
    for (const at of [0x1ffd, 0x1ffe, 0x1fff]) {
      expect(ram.writeU32(at, 0x89abcdef)).toBe(true)
      expect(ram.readU32(at)).toBe(0x89abcdef)
    }
    expect(ram.writeU16(0x1fff, 0xbeef)).toBe(true)
    expect([ram.readU16(0x1fff), ram.readU8(0x1fff), ram.readU8(0x2000)]).toEqual([0xbeef, 0xef, 0xbe])
    expect(ram.slice(0x1fff, 2)).toBeNull()
    expect(ram.pieces(0x1fff, 0x1001)?.map((piece) => piece.length)).toEqual([1, 0x1000])
  })

  it('refuses what leaves a region, is negative, broken or no number', () => {
    const { ram } = memory()
    for (const at of [
      0x3000,
      -1,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      2 ** 32 - 1,
      2 ** 32 + 0x2000,
    ]) {
      expect([ram.readU8(at), ram.readU16(at), ram.readU32(at), ram.loadU16(at)]).toEqual([
        null,
        null,
        null,
        null,
      ])
      expect([
        ram.writeU8(at, 1),
        ram.writeU16(at, 1),
        ram.writeU32(at, 1),
        ram.storeU16(at, 1),
      ]).not.toContain(true)
      expect([ram.slice(at, 2), ram.pieces(at, 2)]).toEqual([null, null])
    }
    for (const length of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect([ram.slice(0, length), ram.pieces(0, length), ram.contains(0, length)]).toEqual([
        null,
        null,
        false,
      ])
    }
    expect(ram.pieces(0x2fff, 2)).toBeNull()
    expect([ram.loadU16(1), ram.storeU16(1, 0)]).toEqual([null, false])
  })

  it('releases whole pages only', () => {
    const { ram, released } = memory()
    expect(ram.release(0x800, 0x2000)).toBe(true)
    expect(released).toEqual([[0, 0x1000, 0x1000]])
    expect(ram.release(0x800, 0x700)).toBe(true)
    expect(ram.release(0x2800, 0x1000)).toBe(false)
    expect(released).toHaveLength(1)
  })

  it('behaves as one array of bytes does', () => {
    const address = fc.integer({ min: 0x1ff0, max: 0x3004 })
    fc.assert(
      fc.property(fc.array(fc.tuple(address, fc.constantFrom(1, 2, 4), fc.nat(0xffffffff))), (writes) => {
        const { ram } = memory()
        const model = new DataView(new ArrayBuffer(0x3000))
        for (const [at, width, value] of writes) {
          const fits = at + width <= 0x3000
          if (width === 1) {
            expect(ram.writeU8(at, value)).toBe(fits)
            if (fits) model.setUint8(at, value)
          } else if (width === 2) {
            expect(ram.writeU16(at, value)).toBe(fits)
            if (fits) model.setUint16(at, value, true)
          } else {
            expect(ram.writeU32(at, value)).toBe(fits)
            if (fits) model.setUint32(at, value, true)
          }
        }
        for (let at = 0x1ff0; at < 0x3000 - 4; at++) expect(ram.readU32(at)).toBe(model.getUint32(at, true))
      }),
      { numRuns: 20 },
    )
  })
})
