import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeState,
  encodeState,
  mostSections,
  mostStateBytes,
  type SavedFile,
} from '../../../../../providers/kvm/snapshot/format.ts'

const MiB = 2 ** 20

const sections = fc
  .uniqueArray(
    fc.tuple(fc.stringMatching(/^[a-z][a-z0-9 ]{0,22}[a-z]$/), fc.uint8Array({ maxLength: 9000 })),
    {
      selector: ([name]) => name,
      maxLength: 6,
    },
  )
  .map((entries) => new Map(entries))

/** A file whose RAM is not there, and the most that was asked of it at once. */
function decode(state: Uint8Array, ramSize: number): SavedFile & { most: number } {
  let most = 0
  const read = (offset: number, length: number) => {
    most = Math.max(most, length)
    return state.subarray(offset, offset + length)
  }
  return { ...decodeState({ size: state.length + ramSize, read }), most }
}
const refused = (state: Uint8Array, ramSize = MiB) => {
  try {
    decode(state, ramSize)
    return null
  } catch (error) {
    expect(error).toMatchObject({ code: 'E_MEMORY_UNUSABLE' })
    return (error as Error).message
  }
}
const plain = new Map([
  ['vcpu 0', Uint8Array.from({ length: 5000 }, (_, index) => index)],
  ['empty', new Uint8Array()],
])

describe('the file of a saved machine', () => {
  it('holds sections of any content, and RAM from the boundary of a page on', () => {
    fc.assert(
      fc.property(sections, fc.nat(64), (content, pages) => {
        const state = encodeState(content, pages * 4096)
        const found = decode(state, pages * 4096)
        expect(found.sections).toEqual(
          new Map([...content].map(([name, bytes]) => [name, Buffer.from(bytes)])),
        )
        expect(found.ram).toEqual({ offset: state.length, size: pages * 4096 })
        expect(state.length % 4096).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  it('is refused with a flipped bit, wherever it is', () => {
    const state = encodeState(plain, MiB)
    fc.assert(
      fc.property(fc.nat(state.length * 8 - 1), (bit) => {
        const flipped = Uint8Array.from(state)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(refused(flipped)).not.toBeNull()
      }),
      { numRuns: 300 },
    )
  })

  it('is refused where it was cut, or has grown', () => {
    const state = encodeState(plain, MiB)
    expect(refused(state, MiB - 1)).toMatch(/bytes instead of/)
    expect(refused(state, MiB + 1)).toMatch(/bytes instead of/)
    for (const length of [0, 7, 63, 64, 100, 191, 192, 4096, state.length - 1])
      expect(refused(state.subarray(0, length), 0)).not.toBeNull()
  })

  it('is refused when another version wrote it, or something else', () => {
    const state = encodeState(plain, 0)
    state.writeUInt32LE(77, 8)
    expect(refused(state, 0)).toContain('version 77')
    expect(refused(Buffer.alloc(MiB), 0)).toContain('not a memory of the built-in hypervisor')
  })

  it('asks for no more than it may, whatever a file with right checksums says', () => {
    const word = fc.oneof(
      fc.nat(0xffff_ffff),
      fc.constantFrom(0, 1, 4096, mostSections + 1, mostStateBytes, 2 ** 31),
    )
    const change = fc.tuple(
      fc.nat(47).map((index) => (index < 4 ? 12 + 4 * index : 64 + 4 * index)),
      word,
    )
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        const state = encodeState(plain, MiB)
        for (const [at, value] of changes) state.writeUInt32LE(value, at)
        const count = Math.min(state.readUInt32LE(12), (state.length - 64) / 64)
        const head = createHash('sha256').update(state.subarray(0, 32))
        state.set(head.update(state.subarray(64, 64 + 64 * count)).digest(), 32)
        let most = 0
        try {
          most = decode(state, MiB).most
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_MEMORY_UNUSABLE' })
        }
        expect(most).toBeLessThanOrEqual(MiB)
      }),
      { numRuns: 300 },
    )
  })
})
