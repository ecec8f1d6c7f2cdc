import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, type Frame, FrameDecoder, longestFrame } from '../../../src/keeper/frames.ts'

const frame = fc.record({
  kind: fc.constantFrom('open', 'opened', 'data', 'errorData', 'end', 'taken', 'exit'),
  bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
}) as fc.Arbitrary<Frame>

test('frames come as they went, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat(2000)), (frames, cuts) => {
      const all = Buffer.concat(frames.map(({ kind, bytes }) => encodeFrame(kind, bytes)))
      const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)), all.length].sort((a, b) => a - b)
      const decoder = new FrameDecoder()
      const came = places.flatMap((place, index) => decoder.push(all.subarray(place, places[index + 1])))
      expect(came).toEqual(frames)
    }),
  )
})

test('an unknown kind and a frame that is too long are refused', () => {
  expect(() => new FrameDecoder().push(Buffer.from([99, 0, 0, 0, 0]))).toThrow(RangeError)
  const head = encodeFrame('data')
  head.writeUInt32BE(longestFrame + 1, 1)
  expect(() => new FrameDecoder().push(head)).toThrow(RangeError)
})
