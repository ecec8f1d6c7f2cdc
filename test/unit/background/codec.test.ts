import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeError,
  encodeGreeting,
  encodeRequest,
  encodeReturn,
  LineDecoder,
  maxLine,
  parseReply,
  parseRequest,
} from '../../../src/background/codec.ts'
import { isPosadaError } from '../../../src/errors/index.ts'

describe('control socket language', () => {
  it('carries requests and answers', () => {
    expect(parseRequest(encodeRequest(7, 'pause'))).toEqual({ id: 7, execute: 'pause', arguments: {} })
    expect(parseRequest(encodeRequest(8, 'cut', { a: 1 })).arguments).toEqual({ a: 1 })
    expect(parseReply(encodeGreeting())).toEqual({ kind: 'greeting', version: 1 })
    expect(parseReply(encodeReturn(7, { state: 'running' }))).toEqual({
      kind: 'return',
      id: 7,
      value: { state: 'running' },
    })
    expect(parseReply(encodeError(7, 'E_X', 'no'))).toEqual({
      kind: 'error',
      id: 7,
      code: 'E_X',
      message: 'no',
    })
  })

  it('cuts lines wherever the bytes are cut', () => {
    const text = `${encodeRequest(1, 'status')}\n${encodeReturn(2, 'ä€😀')}`
    const bytes = Buffer.from(text)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const decoder = new LineDecoder()
        const ends = [...cuts.sort((a, b) => a - b), bytes.length]
        const lines = ends.flatMap((end, i) => decoder.push(bytes.subarray(ends[i - 1] ?? 0, end)))
        expect(lines).toEqual(text.split('\n').filter((line) => line !== ''))
      }),
    )
  })

  it('refuses lines without end, whole or in pieces', () => {
    expect(() => new LineDecoder().push(Buffer.alloc(maxLine + 1, 'x'))).toThrow(/more than/)
    const decoder = new LineDecoder()
    decoder.push(Buffer.alloc(maxLine, 'x'))
    expect(() => decoder.push(Buffer.alloc(1, 'x'))).toThrow(/more than/)
    expect(() => new LineDecoder().push(Buffer.from(`${'x'.repeat(maxLine + 1)}\n`))).toThrow(/more than/)
  })

  it('meets anything else with its own error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        for (const parse of [parseRequest, parseReply]) {
          try {
            parse(line)
          } catch (error) {
            expect(isPosadaError(error, 'E_CONTROL')).toBe(true)
          }
        }
      }),
    )
  })
})
