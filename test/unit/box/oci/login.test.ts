import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fetchBox } from '../../../../src/box/index.ts'
import { startFakeRegistry } from '../../../helpers/fake-registry.ts'
import { registryPlaces } from '../../../helpers/registry-places.ts'

describe('logging in', () => {
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`
  async function withLogin(auths: object) {
    const all = await registryPlaces()
    await mkdir(join(all.folder, '.docker'))
    await writeFile(
      join(all.folder, '.docker', 'config.json'),
      JSON.stringify({ auths: { [all.registry.host]: auths } }),
    )
    return all
  }
  const me = { auth: Buffer.from('me:secret').toString('base64') }

  it('by user and password', async () => {
    const { registry, add, push } = await withLogin(me)
    registry.instead = (request, response) => {
      if (request.headers.authorization === basic) return false
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      return true
    }
    await push(await add())
    expect(registry.manifests.size).toBeGreaterThan(0)
  })

  it.each<[string, object, (auth: string | undefined, body: string) => boolean]>([
    ['by a token for user and password', me, (auth) => auth === basic],
    [
      'by a token for a login made before',
      { identitytoken: 'id' },
      (auth, body) => auth === undefined && body.includes('refresh_token=id'),
    ],
    ['by an anonymous token', {}, (auth) => auth === undefined],
  ])('%s, which is fetched again when it has expired', async (_, auths, isRight) => {
    const { registry, add, push } = await withLogin(auths)
    let tokens = 0
    let uses = 0
    registry.instead = async (request, response) => {
      if (request.url?.startsWith('/token') === true) {
        const body = Buffer.concat(await request.toArray()).toString()
        const scope = decodeURIComponent(request.url + body)
        const right =
          isRight(request.headers.authorization, body) && scope.includes('repository:team/shop:pull,push')
        response.writeHead(right ? 200 : 401).end(JSON.stringify({ token: `t${++tokens}` }))
        uses = 0
        return true
      }
      if (request.headers.authorization === `Bearer t${tokens}` && uses++ < 5) return false
      const challenge = `Bearer realm="http://${registry.host}/token",service="s"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
      return true
    }
    await push(await add())
    expect(tokens).toBeGreaterThan(1)
    expect(registry.manifests.size).toBeGreaterThan(0)
  })

  it.each<[string, object, string]>([
    ['with nothing to show', {}, 'Basic realm="x"'],
    ['with a password that is refused', me, 'Basic realm="x"'],
    ['where the token is at plain http elsewhere', me, 'Bearer realm="http://192.0.2.1/token"'],
    ['of a kind that is not known', me, 'Negotiate'],
  ])('%s fails with what to do', async (_, auths, challenge) => {
    const { registry, context, source } = await withLogin(auths)
    registry.instead = (_request, response) => {
      response.writeHead(401, { 'www-authenticate': challenge }).end()
      return true
    }
    await expect(fetchBox(source(), context())).rejects.toMatchObject({
      code: 'E_REGISTRY_AUTH',
      hint: expect.stringMatching(/docker login|password/),
    })
  })

  it('by a token server that has a bad moment is tried again', async () => {
    const { registry, add, push } = await withLogin(me)
    let asked = 0
    registry.instead = (request, response) => {
      if (request.url?.startsWith('/token') === true)
        if (++asked === 1) response.writeHead(502).end()
        else response.end('{"token":"t"}')
      else if (request.headers.authorization === 'Bearer t') return false
      else
        response
          .writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token",service="s"` })
          .end()
      return true
    }
    await push(await add())
    expect(asked).toBe(2)
    expect(registry.manifests.size).toBeGreaterThan(0)
  })

  it.each(['pull', 'pull,push', null])(
    'asks for what a push needs, although it is asked for %s first',
    async (asked) => {
      const { registry, add, push } = await withLogin(me)
      const scopes: string[] = []
      registry.instead = (request, response) => {
        const url = new URL(request.url ?? '', 'http://x')
        const [granted = ''] = scopes.slice(-1)
        if (url.pathname === '/token') {
          scopes.push(url.searchParams.getAll('scope').join(' '))
          response.end(JSON.stringify({ token: 't' }))
          return true
        }
        const isAllowed = request.method === 'GET' || request.method === 'HEAD' || granted.includes('push')
        if (request.headers.authorization === 'Bearer t' && isAllowed) return false
        const scope = asked === null ? '' : `,scope="repository:team/shop:${asked}"`
        const challenge = `Bearer realm="http://${registry.host}/token",service="s"${scope}`
        response
          .writeHead(
            401,
            [
              ['WWW-Authenticate', 'Negotiate'],
              ['WWW-Authenticate', challenge],
            ].flat(),
          )
          .end()
        return true
      }
      await push(await add())
      expect(scopes).toEqual(['repository:team/shop:pull,push'])
    },
  )

  it.each<[string, object, string]>([
    ['a password, to Basic', me, 'Basic realm="x"'],
    ['a password, to a token server', me, 'bearer'],
    ['a token, to a token server', { identitytoken: 'id' }, 'bearer'],
  ])('shows %s, to no one that a redirect leads to', async (_, auths, challenge) => {
    const { registry, add, push, context, source } = await withLogin(auths)
    const other = await startFakeRegistry()
    onTestFinished(() => other.stop())
    other.instead = (request, response) => {
      if (request.url?.startsWith('/token') === true) response.end('{"token":"t"}')
      else
        response
          .writeHead(401, {
            'www-authenticate':
              challenge === 'bearer' ? `Bearer realm="http://${other.host}/token"` : challenge,
          })
          .end()
      return true
    }
    await push(await add())
    registry.instead = (request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false
      response.writeHead(307, { location: `http://${other.host}${request.url}` }).end()
      return true
    }
    await expect(fetchBox(source(), context())).rejects.toMatchObject({ code: 'E_TRANSFER' })
    expect(other.requests.filter((one) => one.includes('/token'))).toEqual([])
    expect(other.authorizations.filter((one) => one !== undefined)).toEqual([])
  })

  it('is not shown to where a redirect leads', async () => {
    const { registry, add, push, context, source } = await withLogin(me)
    await push(await add())
    const other = await startFakeRegistry()
    onTestFinished(() => other.stop())
    const shown: (string | undefined)[] = []
    other.blobs = registry.blobs
    other.instead = (request) => {
      shown.push(request.headers.authorization)
      return false
    }
    registry.instead = (request, response) => {
      if (request.headers.authorization !== basic)
        response.writeHead(401, { 'www-authenticate': 'Basic' }).end()
      else if (request.url?.includes('/blobs/') === true)
        response.writeHead(307, { location: `http://${other.host}${request.url}` }).end()
      else return false
      return true
    }
    await fetchBox(source(), context())
    expect(shown.length).toBeGreaterThan(3)
    expect(new Set(shown)).toEqual(new Set([undefined]))
  })
})
