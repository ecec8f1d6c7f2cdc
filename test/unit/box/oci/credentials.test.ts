import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { dockerCredentials } from '../../../../src/box/oci/credentials.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'

async function home(config: unknown, helpers: Record<string, string> = {}) {
  const folder = await temporaryFolder(onTestFinished)
  await mkdir(join(folder, '.docker'))
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  await writeFile(join(folder, '.docker', 'config.json'), text)
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(folder, `docker-credential-${name}`)
    await writeFile(path, `#!/bin/sh\n${script}\n`)
    await chmod(path, 0o755)
  }
  return { HOME: folder, PATH: [folder, '/usr/bin', '/bin'].join(delimiter) }
}
const host = 'r.example:5000'
const auth = Buffer.from('me:pass:word').toString('base64')
const me = { kind: 'basic', user: 'me', password: 'pass:word' }
const ask = async (env: NodeJS.ProcessEnv, registry = host) =>
  dockerCredentials({ registry, repository: 'team/shop' }, env)

describe('credentials of docker login', () => {
  it('are none where no one logged in', async () => {
    expect(await ask({ HOME: await temporaryFolder(onTestFinished) })).toBeNull()
    expect(await ask(await home({}))).toBeNull()
    expect(await ask(await home({ auths: { 'other.example': { auth } } }))).toBeNull()
    expect(await ask(await home({ auths: { [host]: {} } }))).toBeNull()
  })

  it.each([
    host,
    `https://${host}`,
    `http://${host}/`,
    `https://${host}/v2/`,
    `${host}/v1`,
    `https://${host}/some/path`,
    `${host}/team`,
    `${host}/team/shop`,
  ])('stand under %s', async (name) => {
    expect(await ask(await home({ auths: { [name]: { auth } } }))).toEqual(me)
  })

  it.each(['r.example', 'r.example:50000', `x.${host}`, `https://elsewhere/${host}`])(
    'of another host do not count: %s',
    async (name) => {
      expect(await ask(await home({ auths: { [name]: { auth } } }))).toBeNull()
    },
  )

  it('are not hidden by an empty entry', async () => {
    const empty = [{}, { auth: '' }, { identitytoken: '' }, { username: '', password: '' }]
    for (const entry of empty) {
      const after = { [host]: entry, [`https://${host}/v2/`]: { auth } }
      const before = { [`https://${host}/v2/`]: { auth }, [host]: entry }
      for (const auths of [after, before]) expect(await ask(await home({ auths }))).toEqual(me)
    }
  })

  it('for the repository, or for what is above it, come before those for the host', async () => {
    const keys = ['team/shop', 'team', '', 'other', 'tea']
    for (const [at, path] of keys.entries()) {
      const entries = keys.slice(at).map((one) => {
        const name = one === '' ? host : `${host}/${one}`
        return [name, { auth: Buffer.from(`${one || 'host'}:x`).toString('base64') }]
      })
      const found = await ask(await home({ auths: Object.fromEntries(entries.reverse()) }))
      if (at < 3) expect(found).toMatchObject({ user: path || 'host' })
      else expect(found).not.toBeNull()
    }
  })

  it.each(['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'https://registry-1.docker.io'])(
    'of Docker itself stand under %s',
    async (name) => {
      expect(await ask(await home({ auths: { [name]: { auth } } }), 'docker.io')).toEqual(me)
    },
  )

  it('may be a token', async () => {
    const env = await home({ auths: { [host]: { auth, identitytoken: 'abc' } } })
    expect(await ask(env)).toEqual({ kind: 'identity', token: 'abc' })
  })

  it('come from the folder that DOCKER_CONFIG names', async () => {
    const env = await home({ auths: { [host]: { auth } } })
    expect(await ask({ HOME: '/nowhere', DOCKER_CONFIG: join(env.HOME, '.docker') })).toEqual(me)
  })

  it('come from the helper for the registry, or the one for all, which is told the registry', async () => {
    const one = `name=$(cat); printf '{"ServerURL":"%s","Username":"%s","Secret":"s"}' "$name" "$name"`
    const found = { kind: 'basic', user: host, password: 's' }
    const own = await home({ credHelpers: { [`https://${host}/`]: 'one' }, credsStore: 'no' }, { one })
    expect(await ask(own)).toEqual(found)
    const forAll = await home({ credsStore: 'one', auths: { [host]: {} } }, { one })
    expect(await ask(forAll)).toEqual(found)
  })

  it('of a helper may be a token, or none', async () => {
    const token = `echo '{"Username":"<token>","Secret":"abc"}'`
    const identity = { kind: 'identity', token: 'abc' }
    expect(await ask(await home({ credsStore: 'x' }, { x: token }))).toEqual(identity)
    const none = 'echo "credentials not found in native keychain"; exit 1'
    expect(await ask(await home({ credsStore: 'x' }, { x: none }))).toBeNull()
  })

  it.each<[string, unknown, Record<string, string>, RegExp]>([
    ['a file that is not JSON', '{', {}, /not JSON/],
    ['credentials without a colon', { auths: { [host]: { auth: 'bWU=' } } }, {}, /not a user and a password/],
    ['a helper that is not there', { credsStore: 'gone' }, {}, /not installed/],
    ['a helper that fails', { credsStore: 'x' }, { x: 'echo locked >&2; exit 3' }, /ended with 3/],
    ['a helper that talks nonsense', { credsStore: 'x' }, { x: 'echo hello' }, /is not valid/],
    ['a helper that is a path', { credsStore: '../../bin/sh' }, {}, /not the name of a credential helper/],
  ])('fail with %s', async (_, config, helpers, problem) => {
    const refused = { code: 'E_REGISTRY_AUTH', message: expect.stringMatching(problem) }
    await expect(ask(await home(config, helpers))).rejects.toMatchObject(refused)
  })
})
