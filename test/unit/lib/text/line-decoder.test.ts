import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LineDecoder } from '../../../../src/lib/text/line-decoder.ts'

const tooLong = (start: string) => new Error(`too long: ${start.length}`)
const decoder = (longest = 1000) => new LineDecoder(longest, tooLong)

/** `bytes` in pieces that end at `cuts`. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
}

it('gives the same lines however the bytes are cut, within characters too', () => {
  const text = 'plain\nä€😀 after\r\n\n  \nlast\nbegun'
  const lines = ['plain', 'ä€😀 after\r', 'last']
  fc.assert(
    fc.property(fc.array(fc.nat(Buffer.byteLength(text))), (cuts) => {
      const decoding = decoder()
      expect(pieces(Buffer.from(text), cuts).flatMap((piece) => decoding.push(piece))).toEqual(lines)
      expect(decoding.push(Buffer.from('\n'))).toEqual(['begun'])
    }),
  )
})

it('takes any bytes, in any pieces, for the lines that they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300)), (bytes, cuts) => {
      const decoding = decoder()
      const lines = pieces(bytes, cuts).flatMap((piece) => decoding.push(piece))
      const whole = new TextDecoder().decode(bytes.subarray(0, bytes.lastIndexOf(10) + 1))
      expect(lines).toEqual(whole.split('\n').filter((line) => line.trim() !== ''))
    }),
  )
})

it('refuses a line that is too long: at its end, before its end, and among others', () => {
  const long = 'x'.repeat(11)
  for (const text of [`${long}\n`, long, `a\n${long}\nb\n`, `a\n${long}`])
    expect(() => decoder(10).push(Buffer.from(text))).toThrow('too long: 11')
  const decoding = decoder(10)
  expect(decoding.push(Buffer.from('x'.repeat(10)))).toEqual([])
  expect(() => decoding.push(Buffer.from('y'))).toThrow('too long: 11')
  expect(decoder(10).push(Buffer.from(`${'x'.repeat(10)}\n${'y'.repeat(10)}\n`))).toHaveLength(2)
})

it('shows its beginning only', () => {
  expect(() => decoder(10).push(Buffer.alloc(100_000, 'x'))).toThrow('too long: 200')
})
