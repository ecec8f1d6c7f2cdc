import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openHttp } from '../../../src/http/client.ts'
import { socksProxy } from '../../helpers/socks-proxy.ts'
import {
  authorityFile,
  type Handler,
  socketServer,
  tunnelProxy,
  webServer,
} from '../../helpers/web-server.ts'

function client(env: NodeJS.ProcessEnv = {}) {
  const http = openHttp({ env, timeouts: { connect: 1000, answer: 1000, stall: 1000 } })
  onTestFinished(() => http.close())
  const { signal } = new AbortController()
  return {
    http,
    get: async (
      url: string,
      more: { headers?: Record<string, string>; plain?: boolean; authorization?: string } = {},
    ) => {
      const response = await http.request({ url, signal, ...more })
      return { ...response, text: (await response.bytes(1000)).toString() }
    },
  }
}

const says =
  (text: string): Handler =>
  (_, response) =>
    void response.end(text)
const leads =
  (to: string, status = 302): Handler =>
  (_, response) =>
    void response.writeHead(status, { location: to }).end()

const server = (handler: Handler, options = {}) => webServer(onTestFinished, handler, options)
const rawServer = (answer: (socket: Socket) => void) => socketServer(onTestFinished, answer)

describe('redirects', () => {
  it('are followed, relative ones too', async () => {
    const to = await server((request, response) =>
      request.url === '/end' ? says('here')(request, response) : leads('/end')(request, response),
    )
    const from = await server(leads(`${to.url}/on?x=1`, 307))
    expect(await client().get(from.url)).toMatchObject({ status: 200, text: 'here' })
    expect(to.requests.map(({ url }) => url)).toEqual(['/on?x=1', '/end'])
  })

  it('to another host take no credentials along, to the same they do', async () => {
    const to = await server(says('here'))
    const from = await server((request, response) =>
      leads(request.url === '/' ? '/again' : to.url)(request, response),
    )
    const { get } = client()
    await get(from.url.replace('//', '//me:hunter2@'), { headers: { cookie: 'a=b', accept: 'x/y' } })
    const basic = `Basic ${Buffer.from('me:hunter2').toString('base64')}`
    expect(from.requests.map(({ headers }) => headers.authorization)).toEqual([basic, basic])
    expect(to.requests[0]?.headers).toMatchObject({ accept: 'x/y' })
    expect(to.requests[0]?.headers).not.toHaveProperty('authorization')
    expect(to.requests[0]?.headers).not.toHaveProperty('cookie')
    await get(from.url, { authorization: 'Bearer secret' })
    expect(to.requests[1]?.headers).not.toHaveProperty('authorization')
  })

  it('cannot put credentials of their own in', async () => {
    const to = await server(says('here'))
    const from = await server(leads(to.url.replace('//', '//evil:evil@')))
    await client().get(from.url)
    expect(to.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  it.each([
    ['from https to http', 'http://127.0.0.1:1/x'],
    ['to a file', 'file:///etc/passwd'],
    ['to nowhere', 'http://['],
  ])('%s are refused', async (_, to) => {
    const from = await server(leads(to), { secure: true })
    await expect(client({ SSL_CERT_FILE: authorityFile }).get(from.url)).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('redirect'),
    })
  })

  it('without end are given up', async () => {
    const round = await server(leads('/'))
    await expect(client().get(round.url)).rejects.toMatchObject({ code: 'E_TRANSFER' })
    expect(round.requests).toHaveLength(11)
  })
})

describe('a method with a body', () => {
  const put = { method: 'PUT', body: 'content', authorization: 'Bearer secret' } as const
  const { signal } = new AbortController()

  it.each([307, 308])(
    'is sent again where a %i leads, without credentials to another host',
    async (status) => {
      const bodies: string[] = []
      const to = await server(async (request, response) => {
        bodies.push(Buffer.concat(await request.toArray()).toString())
        response.writeHead(201).end()
      })
      const from = await server((request, response) =>
        leads(request.url === '/' ? '/again' : to.url, status)(request, response),
      )
      const { http } = client()
      const response = await http.request({ url: from.url, signal, resend: true, ...put })
      expect(response.status).toBe(201)
      expect(bodies).toEqual(['content'])
      expect(from.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT'])
      expect(from.requests[1]?.headers.authorization).toBe('Bearer secret')
      expect(to.requests[0]?.headers).not.toHaveProperty('authorization')
      expect((await http.request({ url: from.url, signal, ...put })).status).toBe(status)
    },
  )

  it.each([301, 302, 303])('is not sent again where a %i leads', async (status) => {
    const from = await server(leads('/other', status))
    const { http } = client()
    expect((await http.request({ url: from.url, signal, resend: true, ...put })).status).toBe(status)
    expect(from.requests).toHaveLength(1)
  })
})

describe('a server that closes behind its answer', () => {
  it.each([
    ['HTTP/1.0 200 OK', ''],
    ['HTTP/1.1 200 OK', 'Connection: close\r\n'],
  ])('%s %s is read to the end, however slowly', async (status, header) => {
    const body = Buffer.alloc(2_000_000, 'x')
    const closing = await rawServer((socket) => {
      socket.write(`${status}\r\n${header}Content-Length: ${body.length}\r\n\r\n`)
      socket.end(body)
    })
    const { http } = client()
    const { signal } = new AbortController()
    for (let round = 0; round < 8; round++) {
      const response = await http.request({ url: closing, signal })
      let length = 0
      for await (const piece of response.body) {
        length += piece.length
        if (round % 2 === 0) await nextTurn()
      }
      expect(length).toBe(body.length)
      if (round % 2 === 0) await (await http.request({ url: closing, signal })).discard()
    }
  })

  it('that was kept open is asked again on another connection', async () => {
    let connections = 0
    const idle = await rawServer((socket) => {
      connections++
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      // It closes as soon as it is asked for the second time.
      socket.once('data', () => socket.destroy())
    })
    const { get } = client()
    for (let round = 0; round < 3; round++) expect(await get(idle)).toMatchObject({ text: 'ok' })
    expect(connections).toBe(3)
  })

  it('too early is a broken connection', async () => {
    const early = await rawServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    })
    await expect(client().get(early)).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('reset'),
    })
  })

  it.each(['', 'rubbish\r\n\r\n', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`])(
    'or says %.20j is a failed transfer',
    async (answer) => {
      const wrong = await rawServer((socket) => socket.end(answer))
      await expect(client().get(wrong)).rejects.toMatchObject({ code: 'E_TRANSFER' })
    },
  )
})

it('a body that was compressed on the way is refused, whatever asks for it', async () => {
  const gzip = await server(
    (_, response) => void response.writeHead(200, { 'content-encoding': 'GZIP' }).end('x'),
  )
  await expect(client().get(gzip.url)).rejects.toMatchObject({ code: 'E_TRANSFER' })
  const plain = await server(
    (_, response) => void response.writeHead(200, { 'content-encoding': 'Identity' }).end('x'),
  )
  expect(await client().get(plain.url)).toMatchObject({ text: 'x' })
})

describe('connections', () => {
  it('by http go to this computer only, unless a checksum is given', async () => {
    await expect(client().get('http://example.com/')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('not use https'),
    })
  })

  it('to a server that cannot prove who it is are refused, and taken where its authority is named', async () => {
    const secure = await server(says('here'), { secure: true })
    await expect(client().get(secure.url)).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('certificate'),
    })
    expect(await client({ SSL_CERT_FILE: authorityFile }).get(secure.url)).toMatchObject({ text: 'here' })
    await expect(client({ SSL_CERT_FILE: '/nowhere' }).get(secure.url)).rejects.toMatchObject({
      code: 'E_TRANSFER',
      value: '/nowhere',
    })
  })

  it('to another name than the certificate’s are refused', async () => {
    const secure = await server(says('here'), { secure: true })
    const proxy = await tunnelProxy(onTestFinished, secure.port)
    const { get } = client({ SSL_CERT_FILE: authorityFile, HTTPS_PROXY: proxy.url })
    await expect(get('https://wrong.test/')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('another host'),
    })
  })

  it('that are refused say so without the password', async () => {
    const closed = await server(says(''))
    const url = closed.url.replace(/:\d+$/, ':1')
    await expect(client().get(url.replace('//', '//me:hunter2@'))).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.not.stringContaining('hunter2'),
      value: '127.0.0.1:1',
    })
  })

  it('end with the reason of an interruption', async () => {
    const silent = await server(() => undefined)
    const { http } = client()
    const abort = new AbortController()
    const request = http.request({ url: silent.url, signal: abort.signal })
    setTimeout(() => abort.abort(new Error('stop')), 50)
    await expect(request).rejects.toThrow('stop')
  })

  it('take of a body what was allowed and nothing beyond', async () => {
    const endless = await server((_, response) => {
      const more = () => {
        while (response.write('x'.repeat(10_000)));
      }
      response.on('drain', more)
      more()
    })
    await expect(client().get(endless.url)).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('larger than 1000 bytes'),
    })
  })
})

it('a small body that drips for ever is given up', async () => {
  const dripping = await server((_, response) => {
    const drip = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(drip))
  })
  const { signal } = new AbortController()
  const response = await client().http.request({ url: dripping.url, signal })
  await expect(response.bytes(1_000_000, 200)).rejects.toMatchObject({
    code: 'E_TRANSFER',
    message: expect.stringContaining('took too long'),
  })
})

describe('a proxy of the environment', () => {
  it('is used for https, with its own credentials', async () => {
    const secure = await server(says('here'), { secure: true })
    const proxy = await tunnelProxy(onTestFinished, secure.port)
    const { get } = client({
      SSL_CERT_FILE: authorityFile,
      https_proxy: proxy.url.replace('//', '//me:hunter2@'),
    })
    expect(await get('https://box.test/x')).toMatchObject({ text: 'here' })
    const basic = `Basic ${Buffer.from('me:hunter2').toString('base64')}`
    expect(proxy.tunnels).toEqual([{ to: 'box.test:443', authorization: basic }])
    expect(secure.requests[0]?.headers).not.toHaveProperty('proxy-authorization')
  })

  it('is not used for this computer', async () => {
    const near = await server(says('here'))
    expect(await client({ HTTP_PROXY: 'http://127.0.0.1:1' }).get(near.url)).toMatchObject({ text: 'here' })
  })

  it('that lets nothing through is named as the cause', async () => {
    const proxy = await server(says('no'))
    const { get } = client({ HTTPS_PROXY: proxy.url })
    await expect(get('https://box.test/')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining(`through the proxy ${new URL(proxy.url).host}`),
    })
  })

  it('that refuses is named with its status', async () => {
    const proxy = await rawServer((socket) => socket.end('HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n'))
    await expect(client({ HTTPS_PROXY: proxy }).get('https://box.test/')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: `the proxy ${new URL(proxy).host} refused the connection (407)`,
      hint: expect.stringContaining('USER:PASSWORD'),
    })
  })

  it('that says nothing is given up', async () => {
    const proxy = await rawServer(() => undefined)
    await expect(client({ HTTPS_PROXY: proxy }).get('https://box.test/')).rejects.toMatchObject({
      message: expect.stringMatching(/timed out \(through the proxy/),
    })
  })

  it('is asked for the whole address of what is http, and tunnels nothing', async () => {
    const proxy = await server(says('from afar'))
    const { get } = client({ http_proxy: proxy.url.replace('//', '//me:hunter2@') })
    const url = 'http://box.test:8080/a?b#c'
    expect(await get(url.replace('//', '//user:secret@'), { plain: true })).toMatchObject({
      text: 'from afar',
    })
    const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
    expect(proxy.requests).toMatchObject([
      {
        method: 'GET',
        url: 'http://box.test:8080/a?b',
        headers: {
          host: 'box.test:8080',
          authorization: basic('user:secret'),
          'proxy-authorization': basic('me:hunter2'),
        },
      },
    ])
  })

  it('that speaks https is spoken to so', async () => {
    const proxy = await server(says('from afar'), { secure: true })
    const { get } = client({ SSL_CERT_FILE: authorityFile, http_proxy: proxy.url })
    expect(await get('http://box.test/', { plain: true })).toMatchObject({ text: 'from afar' })
    await expect(
      client({ http_proxy: proxy.url }).get('http://box.test/', { plain: true }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('certificate'),
    })
  })

  it.each([
    ['by SOCKS 5', 'socks5', ''],
    ['by SOCKS 5 with a login', 'socks5h', 'me:hunter2@'],
  ])('%s is used for http and https', async (_, scheme, login) => {
    const near = await server(says('plain'))
    const secure = await server(says('secure'), { secure: true })
    const ports: Record<string, number> = { '80': near.port, '443': secure.port }
    const proxy = await socksProxy(onTestFinished, { ports, login: login.slice(0, -1) })
    const { get } = client({
      SSL_CERT_FILE: authorityFile,
      ALL_PROXY: `${scheme}://${login}127.0.0.1:${proxy.port}`,
    })
    expect(await get('http://box.test/', { plain: true })).toMatchObject({ text: 'plain' })
    expect(await get('https://box.test/')).toMatchObject({ text: 'secure' })
    expect(proxy.asked).toEqual(['box.test:80', 'box.test:443'])
    await expect(get('https://elsewhere.test:9/')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('rules do not allow'),
    })
  })

  it.each([
    ['refuses the login', 'other:login'],
    ['hangs up', null],
  ])('by SOCKS 5 that %s is told', async (_, login) => {
    const proxy = await socksProxy(onTestFinished, { ports: {}, login })
    const { get } = client({ ALL_PROXY: `socks5://me:hunter2@127.0.0.1:${proxy.port}` })
    await expect(get('https://box.test/')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringMatching(/password is wrong|was reset \(through the proxy/),
    })
  })
})
