import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type RunningDashboard, startDashboard } from '../../helpers/dashboard.ts'
import { makePlace } from '../../helpers/posada.ts'

const place = makePlace('door')
let dashboard: RunningDashboard
/** What lies behind the link, for those who came by it. */
let inside: URL
beforeAll(async () => {
  dashboard = await startDashboard(place)
})
afterAll(async () => {
  expect(await dashboard.end()).toBe(0)
  place.remove()
})

/** Asks as no browser would let a page ask. */
function ask(url: URL | string, headers: Record<string, string> = {}) {
  return new Promise<{ status?: number | undefined; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      request(url, { headers }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (piece) => {
          body += piece
        })
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
      })
        .on('error', reject)
        .end()
    },
  )
}

/** Whether a WebSocket is opened, or the status that it is refused with. */
async function open(url: URL, origin: string): Promise<number | 'open'> {
  const socket = new WebSocket(Object.assign(new URL(url), { protocol: 'ws:' }), { origin })
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.close()
      resolve('open')
    })
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
    socket.on('error', reject)
  })
}

// No machine is started: a second or two.
describe('who gets in', () => {
  it('no one without the token, under another name, or as another user of this host', async () => {
    const { origin, port } = new URL(dashboard.link)
    expect(await ask(origin)).toMatchObject({ status: 401, body: '' })
    expect(await ask(`${origin}/main.js`)).toMatchObject({ status: 401, body: '' })
    expect(await ask(dashboard.link, { host: `evil.example:${port}` })).toMatchObject({
      status: 421,
      body: '',
    })
    expect(await open(new URL('/live', origin), origin)).toBe(401)
    const script = `fetch(process.argv[1]).then(async (r) => console.log(r.status, (await r.text()).length))`
    const asOther = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, origin], {
      ...asOther,
      cwd: '/',
      env: {},
    })
    expect(stdout).toBe('401 0\n')
  })

  it('whoever has the link, once', async () => {
    const entered = await ask(dashboard.link)
    expect(entered.status).toBe(303)
    inside = new URL(String(entered.headers.location), dashboard.link)
    expect(await ask(dashboard.link)).toMatchObject({ status: 401, body: '' })
    const { status, body, headers } = await ask(inside)
    expect({ status, body }).toEqual({ status: 200, body: expect.stringContaining('<title>Posada</title>') })
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /)
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('not another origin or a name bound to this address, with all that the page knows', async () => {
    const live = new URL('live', inside)
    expect(await open(live, inside.origin)).toBe('open')
    expect(await open(live, 'http://evil.example')).toBe(403)
    expect(await open(live, `http://127.0.0.1:${Number(inside.port) + 1}`)).toBe(403)
    expect(await ask(inside, { host: `evil.example:${inside.port}` })).toMatchObject({
      status: 421,
      body: '',
    })
    expect(await ask(inside, { origin: 'http://evil.example' })).toMatchObject({ status: 403, body: '' })
  })

  it('and nothing but the files of the page lies there', async () => {
    for (const path of [
      '..%2fposada.cjs',
      '%2e%2e/main.cjs',
      'x/../../main.cjs',
      'index.html%00',
      'none.js',
    ]) {
      const { status, body } = await ask(`${inside}${path}`)
      expect([401, 404]).toContain(status)
      expect(body).toBe('')
    }
  })

  it('a page that asks for what makes no sense, or for a folder that is not a project, gets nothing', async () => {
    const page = new WebSocket(Object.assign(new URL('live', inside), { protocol: 'ws:' }), {
      origin: inside.origin,
    })
    const told: Record<string, unknown>[] = []
    page.on('message', (data) => told.push(JSON.parse(String(data))))
    await once(page, 'open')
    page.send(JSON.stringify({ id: 7, root: '/etc', wish: { do: 'look' } }))
    await expect
      .poll(() => told.find(({ id }) => id === 7))
      .toMatchObject({ error: { code: 'E_MANIFEST_MISSING' } })
    page.send('{"id": 8, "root": "/etc", "wish": {"do": "rm"}}')
    const [code] = await once(page, 'close')
    expect(code).toBe(1008)
  })
})
