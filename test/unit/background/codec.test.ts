import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  controlLines,
  encodeError,
  encodeGreeting,
  encodeRequest,
  encodeReturn,
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

  it('refuses lines without end, whole or in pieces', () => {
    const fail = expect.objectContaining({ code: 'E_CONTROL', message: expect.stringMatching(/more than/) })
    const lines = controlLines()
    expect(lines.push(Buffer.alloc(maxLine, 'x'))).toEqual([])
    expect(() => lines.push(Buffer.alloc(1, 'x'))).toThrow(fail)
    expect(() => controlLines().push(Buffer.from(`${'x'.repeat(maxLine + 1)}\n`))).toThrow(fail)
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
