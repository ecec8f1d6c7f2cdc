import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseTarget } from '../../../src/proxy/target.ts'
import { proxied } from '../../helpers/through-proxy.ts'

/** All of it has come where the client's own last bytes have, which are `end`. */
const passedOn = (request: string) =>
  proxied(onTestFinished, request, (heard) =>
    heard.includes('end') ? 'HTTP/1.1 204 No Content\r\n\r\n' : null,
  )

const ask = (target: string, method = 'GET', rest = '') =>
  `${method} ${target} HTTP/1.1\r\nHost: other\r\nConnection: close\r\nX-Last: end\r\n${rest}\r\n`

describe('framing', () => {
  it.each(['GET', 'DELETE', 'HEAD', 'OPTIONS', 'POST', 'PATCH'])(
    'a %s whose body comes in chunks goes on in chunks',
    async (method) => {
      const smuggled = 'GET /admin HTTP/1.1\r\nHost: web\r\n\r\nend'
      const chunks = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
      const request = `${method} http://web/ HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunks}`
      const { heard } = await passedOn(request)
      const [head = '', ...body] = heard.split('\r\n\r\n')
      expect(head).toMatch(/^Transfer-Encoding: chunked$/m)
      expect(head).not.toMatch(/content-length/i)
      expect(body.join('\r\n\r\n')).toMatch(new RegExp(`^${smuggled.length.toString(16)}\r\n`))
    },
  )

  it('a length goes on as it came', async () => {
    const { heard } = await passedOn(
      'DELETE http://web/ HTTP/1.1\r\nHost: web\r\nContent-Length: 3\r\nConnection: close\r\n\r\nend',
    )
    expect(heard).toMatch(/^Content-Length: 3$/m)
    expect(heard).not.toMatch(/transfer-encoding/i)
  })

  it('a transfer coding that it does not know is refused', async () => {
    const { told, heard } = await passedOn(
      'POST http://web/ HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    )
    expect(told).toMatch(/^HTTP\/1\.1 501 /)
    expect(heard).toBe('')
  })
})

describe('the target goes on in the client’s own words', () => {
  it.each([
    ['http://web/a/../b', '/a/../b'],
    ['http://web/%2e%2e/x%2Fy', '/%2e%2e/x%2Fy'],
    ['http://web/./a//b', '/./a//b'],
    [`http://web/?q='"<>{}|\\^\``, `/?q='"<>{}|\\^\``],
    ['http://web?x=/../y', '/?x=/../y'],
    ['http://web', '/'],
    ['HTTP://web/A?b=C', '/A?b=C'],
  ])('%s', async (target, path) => {
    expect((await passedOn(ask(target))).heard.split('\r\n')[0]).toBe(`GET ${path} HTTP/1.1`)
  })

  it('and names its host', async () => {
    const { heard } = await passedOn(ask('http://user:word@WEB:8080/'))
    expect(heard).toMatch(/^Host: WEB:8080$/m)
    expect(heard).not.toMatch(/other|word/)
  })

  it('OPTIONS of a host alone asks about the server', async () => {
    expect((await passedOn(ask('http://web', 'OPTIONS'))).heard).toMatch(/^OPTIONS \* HTTP/)
  })
})

describe('parseTarget', () => {
  it.each([
    '',
    '/',
    'https://web/',
    'http:///x',
    'http://',
    'http://web:0/',
    'http://web:99999/',
    'http://a b/',
  ])('refuses %j', (target) => expect(parseTarget(target, 'GET')).toBeNull())

  it('takes an IPv6 address and a port', () => {
    expect(parseTarget('http://[fd00::2]:81/x', 'GET')).toEqual({
      to: { host: 'fd00::2', port: 81 },
      authority: '[fd00::2]:81',
      path: '/x',
    })
    expect(parseTarget('http://[fd00::2]', 'GET')?.to).toEqual({ host: 'fd00::2', port: 80 })
    expect(parseTarget('http://web:/x', 'GET')?.to).toEqual({ host: 'web', port: 80 })
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseTarget(`http://${text}`, 'GET')))
  })
})
