import { describe, expect, it, onTestFinished } from 'vitest'
import { openHttp } from '../../../src/http/client.ts'
import { authorityFile, type Handler, tunnelProxy, webServer } from '../../helpers/web-server.ts'

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

  it('take no more of a body than was allowed', async () => {
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
})
