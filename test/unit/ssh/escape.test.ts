import { expect, test } from 'vitest'
import { EscapeFilter } from '../../../src/ssh/escape.ts'

function type(...pieces: string[]): { send: string; end: boolean } {
  const filter = new EscapeFilter()
  let send = ''
  for (const piece of pieces) {
    const taken = filter.take(Buffer.from(piece))
    send += taken.send.toString()
    if (taken.end) return { send, end: true }
  }
  return { send, end: false }
}

test.each([
  { typed: ['~.'], send: '', end: true },
  { typed: ['~', '.'], send: '', end: true },
  { typed: ['ls\r', '~', '.rest'], send: 'ls\r', end: true },
  { typed: ['ls ~.\r'], send: 'ls ~.\r', end: false },
  { typed: ['~~.'], send: '~.', end: false },
  { typed: ['~/x'], send: '~/x', end: false },
  { typed: ['a~.'], send: 'a~.', end: false },
  { typed: ['~\r~.'], send: '~\r', end: true },
  { typed: ['~a\n~.'], send: '~a\n', end: true },
  { typed: ['ls\r', '\x1b[24;5R', '~.'], send: 'ls\r\x1b[24;5R', end: true },
  { typed: ['\x1b[A~.'], send: '\x1b[A~.', end: false },
  { typed: ['a\x1b[24;5R~.'], send: 'a\x1b[24;5R~.', end: false },
])('$typed', ({ typed, send, end }) => {
  expect(type(...typed)).toEqual({ send, end })
})
