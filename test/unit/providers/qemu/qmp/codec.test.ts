import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeCommand, maxLine, parseQmpLine, qmpLines } from '../../../../../providers/qemu/qmp/codec.ts'

const stream = [
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}',
  '{"return": {}, "id": 1}',
  '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}',
  '{"id": 2, "error": {"class": "CommandNotFound", "desc": "no such thing: ü€😀"}}',
  '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}',
]
const messages = [
  { kind: 'greeting', version: '7.2.22' },
  { kind: 'return', id: 1, value: {} },
  { kind: 'event', event: { name: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } } },
  { kind: 'error', id: 2, class: 'CommandNotFound', description: 'no such thing: ü€😀' },
  { kind: 'event', event: { name: 'STOP', data: {} } },
]

const read = (bytes: Uint8Array) => qmpLines().push(bytes).map(parseQmpLine)

describe('what QEMU sends', () => {
  test('is read as messages', () => {
    expect(read(Buffer.from(`${stream.join('\r\n')}\r\n`))).toEqual(messages)
  })

  test.each(['nonsense', '[]', 'null', '{"neither": 1}', '"text"', '{"return": '])('refuses %s', (line) => {
    expect(() => read(Buffer.from(`${line}\n`))).toThrow(expect.objectContaining({ code: 'E_QMP' }))
  })

  test('refuses a line without end instead of filling the memory', () => {
    const decoder = qmpLines()
    const piece = Buffer.alloc(maxLine / 4, 0x20)
    expect(() => {
      for (let sent = 0; sent <= maxLine; sent += piece.length) decoder.push(piece)
    }).toThrow(expect.objectContaining({ code: 'E_QMP' }))
  })

  test('never fails but with E_QMP', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(Buffer.concat([bytes, Buffer.from('\n')]))
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_QMP' })
        }
      }),
    )
  })
})

test('a command is one line', () => {
  expect(encodeCommand(3, 'human-monitor-command', { 'command-line': 'a\nb' })).toBe(
    '{"execute":"human-monitor-command","arguments":{"command-line":"a\\nb"},"id":3}\n',
  )
})
