import { once } from 'node:events'
import { createServer as createHttpServer, request } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Destination, Opened } from '../../../src/proxy/destination.ts'
import { type ProxyServer, serveProxy } from '../../../src/proxy/serve.ts'

// Real clients, a real web server behind the name `web`, and one that echoes behind `echo`.
const cleanUps: (() => unknown)[] = []
let proxy: ProxyServer
let asked: Destination[]

async function listening(server: Server): Promise<number> {
  cleanUps.push(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

beforeEach(async () => {
  const web = createHttpServer(async (req, res) => {
    if (req.url === '/broken') req.socket.destroy()
    const body = await text(req)
    res.setHeader('X-Seen', JSON.stringify([req.method, req.url, req.headers]))
    res.end(body === '' ? 'hello' : body.toUpperCase())
  })
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  const ports: Record<string, number> = { web: await listening(web), echo: await listening(echo) }
  asked = []
  const open = async (to: Destination): Promise<Opened> => {
    asked.push(to)
    const port = ports[to.host]
    if (to.host === 'down') return { refused: 'absent', message: 'down:80: machine down is not running' }
    if (to.host === 'closed') return { refused: 'refused', message: 'closed:80: nothing answers there' }
    if (port === undefined) return { refused: 'forbidden', message: `${to.host}: not of this project` }
    return { stream: connect({ port, host: '127.0.0.1', allowHalfOpen: true }) }
  }
  proxy = await serveProxy({ host: '127.0.0.1', port: 0 }, open)
  cleanUps.push(() => proxy.close())
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function client(): Socket {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  cleanUps.push(() => socket.destroy())
  return socket
}

/** Says all of it at once, then nothing more; resolves with all that comes. */
function say(...pieces: (string | Buffer)[]): Promise<Buffer> {
  const socket = client()
  socket.end(Buffer.concat(pieces.map((piece) => Buffer.from(piece))))
  return buffer(socket)
}

const greeting = Buffer.of(5, 1, 0)
const socksTo = (name: string, port = 80) =>
  Buffer.concat([Buffer.of(5, 1, 0, 3, name.length), Buffer.from(name), Buffer.of(port >> 8, port & 255)])
const done = Buffer.of(5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0)

describe('SOCKS', () => {
  it('joins the client to a name, and both may go on after the other has said all', async () => {
    expect(await say(greeting, socksTo('echo', 7), 'over to you')).toEqual(
      Buffer.concat([done, Buffer.from('over to you')]),
    )
    expect(asked).toEqual([{ host: 'echo', port: 7 }])
  })

  it('takes what comes byte by byte', async () => {
    const socket = client()
    const answer = buffer(socket)
    for (const byte of Buffer.concat([greeting, socksTo('echo'), Buffer.from('x')])) {
      socket.write(Buffer.of(byte))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    socket.end()
    expect(await answer).toEqual(Buffer.concat([done, Buffer.from('x')]))
  })

  it.each([
    ['example.com', 2],
    ['down', 4],
    ['closed', 5],
  ])('%s is answered with %i', async (name, code) => {
    expect((await say(greeting, socksTo(name))).subarray(2, 4)).toEqual(Buffer.of(5, code))
  })

  it.each([
    ['version 4', Buffer.of(4, 1, 0, 80, 10, 0, 0, 1, 0)],
    ['half a request', Buffer.concat([greeting, Buffer.of(5, 1)])],
    ['authentication', Buffer.of(5, 1, 2)],
    ['nothing', Buffer.alloc(0)],
  ])('%s leads nowhere', async (_, bytes) => {
    expect((await say(bytes)).length).toBeLessThan(200)
    expect(asked).toEqual([])
  })

  it('carries much, and the end of either side', async () => {
    const much = Buffer.alloc(3_000_000, 'posada ')
    expect((await say(greeting, socksTo('echo'), much)).subarray(done.length).equals(much)).toBe(true)
  })
})

describe('HTTP', () => {
  const through = (method: string, path: string, headers: Record<string, string> = {}, body = '') =>
    new Promise<{ status: number | undefined; seen: unknown; body: string }>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: proxy.port, method, path, headers })
      sent.on('response', async (response) => {
        const seen = response.headers['x-seen']
        const parsed = typeof seen === 'string' ? JSON.parse(seen) : undefined
        resolve({ status: response.statusCode, seen: parsed, body: await text(response) })
      })
      sent.on('error', reject)
      sent.end(body)
    })

  it('passes requests on with the host that they name, without what is the proxy’s alone', async () => {
    const headers = {
      Host: 'elsewhere',
      Connection: 'close, X-Hop',
      'X-Hop': '1',
      'Proxy-Authorization': 'secret',
      'X-Kept': 'yes',
    }
    const { status, seen, body } = await through('POST', 'http://web:8080/a?b=c', headers, 'loud')
    expect([status, body]).toEqual([200, 'LOUD'])
    expect(seen).toEqual(['POST', '/a?b=c', expect.objectContaining({ host: 'web:8080', 'x-kept': 'yes' })])
    expect(JSON.stringify(seen)).not.toMatch(/secret|x-hop/)
    expect(asked).toEqual([{ host: 'web', port: 8080 }])
  })

  it('tunnels, with what the client says early', async () => {
    const answer = await say('CONNECT echo:443 HTTP/1.1\r\nHost: echo:443\r\n\r\n', 'early bird')
    expect(answer.toString()).toBe('HTTP/1.1 200 Connection established\r\n\r\nearly bird')
    expect(asked).toEqual([{ host: 'echo', port: 443 }])
  })

  it.each([
    ['http://example.com/', 403, 'not of this project'],
    ['http://down/', 502, 'is not running'],
    ['http://closed/', 502, 'nothing answers'],
    ['http://web/broken', 502, 'cut short'],
    ['http://echo/', 502, 'is not HTTP'],
    ['/', 400, 'this is a proxy'],
    ['https://web/', 400, 'this is a proxy'],
  ])('%s is %i', async (path, status, words) => {
    const answer = await through('GET', path)
    expect(answer).toMatchObject({ status, body: expect.stringContaining(words) })
  })

  it.each([
    ['CONNECT web HTTP/1.1\r\nHost: web\r\n\r\n', '400'],
    ['CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n', '403'],
    ['CONNECT user@web:443 HTTP/1.1\r\nHost: web\r\n\r\n', '400'],
    ['\x16\x03\x01 what is this', '400'],
  ])('%j is %s', async (said, status) => {
    expect((await say(said)).toString()).toContain(`HTTP/1.1 ${status} `)
  })
})

it('lets go of its port and its clients when it is closed', async () => {
  const socket = client()
  socket.write(Buffer.concat([greeting, socksTo('echo')]))
  await once(socket, 'data')
  await proxy.close()
  await new Promise((resolve) => socket.resume().once('close', resolve).once('end', resolve))
  await expect(once(connect(proxy.port, '127.0.0.1'), 'connect')).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
  proxy = await serveProxy({ host: '127.0.0.1', port: 0 }, async () => {
    throw new Error('no one asks')
  })
})
