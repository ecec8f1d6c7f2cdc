import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FrameSplitter, joinFrame, largestFrame, lengthBytes } from '../../../../src/lib/net/framing.ts'

const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })

function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  // Copies, for each piece comes in memory of its own.
  return at.slice(1).map((end, index) => Buffer.from(stream.subarray(at[index], end)))
}

function collect(splitter: FrameSplitter, pieces: readonly Buffer[]) {
  const found: Uint8Array[] = []
  const agreed = pieces.every((piece) =>
    splitter.push(piece, ({ bytes, start, end }) => {
      expect(bytes.readUInt32BE(start - lengthBytes)).toBe(end - start)
      found.push(Uint8Array.from(bytes.subarray(start, end)))
    }),
  )
  return { found, agreed }
}

it('frames come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 30 }), (sent, places) => {
      const stream = Buffer.concat(sent.map((frame) => joinFrame([frame], frame.length)))
      expect(collect(new FrameSplitter(), cut(stream, places))).toEqual({ found: sent, agreed: true })
    }),
  )
})

it('a frame that came whole is given where it lies, without a copy', () => {
  const stream = Buffer.concat([joinFrame([Buffer.alloc(20, 1)], 20), joinFrame([Buffer.alloc(30, 2)], 30)])
  const seen: [boolean, number, number][] = []
  new FrameSplitter().push(stream, ({ bytes, start, end }) => seen.push([bytes === stream, start, end]))
  expect(seen).toEqual([
    [true, 4, 24],
    [true, 28, 58],
  ])
})

it('a frame larger than any is passed over and counted, and the next is found, wherever the stream is cut', () => {
  const large = largestFrame + 1
  const stream = Buffer.concat([joinFrame([Buffer.alloc(large)], large), joinFrame([Buffer.from('next')], 4)])
  for (const place of [0, 1, 3, 4, 5, 1000, large + 3, large + 4, large + 6]) {
    const splitter = new FrameSplitter()
    expect(collect(splitter, cut(stream, [place]))).toEqual({
      found: [Uint8Array.from(Buffer.from('next'))],
      agreed: true,
    })
    expect(splitter.oversize).toBe(1)
  }
})

it('a length that is none ends the agreement, and nothing throws', () => {
  const stream = Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3])
  for (const place of [0, 2, 4]) expect(collect(new FrameSplitter(), cut(stream, [place])).agreed).toBe(false)
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (pieces) => {
      const splitter = new FrameSplitter()
      for (const piece of pieces) if (!splitter.push(Buffer.from(piece), () => undefined)) return
    }),
  )
})
