import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseMethod, readGreeting, readRequest } from '../../../src/proxy/socks5.ts'

const greeting = Buffer.of(5, 2, 0, 2)
const toName = Buffer.of(5, 1, 0, 3, 3, ...Buffer.from('web'), 0, 80)

describe('a greeting and a request', () => {
  it('are read once they are whole, and what comes behind stays', () => {
    const messages = [
      [greeting, readGreeting, { methods: Buffer.of(0, 2) }],
      [toName, readRequest, { host: 'web', port: 80 }],
      [Buffer.of(5, 1, 0, 1, 10, 40, 0, 2, 1, 187), readRequest, { host: '10.40.0.2', port: 443 }],
      [
        Buffer.of(5, 1, 0, 4, 0xfd, ...Buffer.alloc(14), 2, 0, 22),
        readRequest,
        { host: 'fd00::2', port: 22 },
      ],
    ] as const
    for (const [bytes, read, value] of messages) {
      for (let length = 0; length < bytes.length; length++)
        expect(read(bytes.subarray(0, length))).toBe('more')
      expect(read(Buffer.concat([bytes, Buffer.from('GET')]))).toEqual({ value, used: bytes.length })
    }
  })

  it('of another version are refused', () => {
    for (const read of [readGreeting, readRequest]) expect(read(Buffer.of(4, 1, 0, 80, 1, 1))).toBe('wrong')
  })

  it('for what is not done here are answered so', () => {
    const bind = Buffer.from(toName)
    bind[1] = 2
    expect(readRequest(bind)).toMatchObject({ value: { unknown: 7 } })
    const odd = Buffer.from(toName)
    odd[3] = 9
    expect(readRequest(odd)).toMatchObject({ value: { unknown: 8 } })
  })

  it('of any bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, asFive) => {
        const given = Buffer.from(asFive ? [5, ...bytes] : bytes)
        for (const read of [readGreeting, readRequest]) {
          const found = read(given)
          if (typeof found === 'object') expect(found.used).toBeLessThanOrEqual(given.length)
        }
      }),
    )
  })
})

it('a client that insists on authentication is turned away', () => {
  expect(chooseMethod(Buffer.of(1, 0))).toEqual({ answer: Buffer.of(5, 0), ok: true })
  expect(chooseMethod(Buffer.of(1, 2))).toEqual({ answer: Buffer.of(5, 255), ok: false })
})
