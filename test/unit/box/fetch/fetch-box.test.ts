import { createHash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { execaSync } from 'execa'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { FetchContext } from '../../../../src/box/import/context.ts'
import { fetchBox, openBoxStore, parseBoxSource } from '../../../../src/box/index.ts'
import { listRefs } from '../../../../src/box/store/refs.ts'
import { storePaths } from '../../../../src/box/store-paths.ts'
import { boxContent, temporaryFolder } from '../../../helpers/box-files.ts'
import { tar } from '../../../helpers/tar.ts'
import { authorityFile, serve, webServer } from '../../../helpers/web-server.ts'

const archive = (version = '1.0') =>
  tar([...boxContent({ name: 'team/web', version })].map(([name, content]) => ({ name, content })))
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  const files = new Map<string, Buffer | string>()
  const server = await webServer(
    onTestFinished,
    (request, response) => {
      const path = (request.url ?? '').split('?')[0] ?? ''
      const moved = /^\/moved\/(.*)/.exec(path)?.[1]
      if (moved !== undefined) return void response.writeHead(302, { location: `/there/${moved}` }).end()
      const file = files.get(path)
      if (file === undefined) return void response.writeHead(404).end()
      if (typeof file === 'string')
        return void response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(file)
      serve(file)(request, response)
    },
    { secure: true },
  )
  const store = openBoxStore(join(folder, 'store'))
  const context: FetchContext = {
    store,
    arch: 'x86_64',
    emit: () => undefined,
    signal: new AbortController().signal,
    env: { SSL_CERT_FILE: authorityFile },
    catalogues: [`${server.url}/catalogue.json`],
  }
  const fetch = (source: string, more: Partial<FetchContext> = {}) =>
    fetchBox(parseBoxSource(source, folder), { ...context, ...more })
  const leftovers = async () => [
    ...(await readdir(join(store.dir, 'downloads')).catch(() => [])),
    ...(await readdir(join(store.dir, 'tmp')).catch(() => [])),
  ]
  return { folder, files, server, store, fetch, leftovers, refs: () => listRefs(storePaths(store.dir)) }
}

describe('a box at a URL', () => {
  it('is fetched, checked and stored, with what it came from', async () => {
    const { files, server, store, fetch, leftovers, refs } = await setUp()
    files.set('/web.tar', archive())
    const url = `${server.url.replace('//', '//me:hunter2@')}/web.tar`
    const box = await fetch(`${url}#sha256=${sha256(archive())}`)
    expect(await store.resolve('team/web@1.0', 'x86_64')).toEqual(box)
    expect(await leftovers()).toEqual([])
    expect(await refs()).toMatchObject([
      {
        source: `${server.url}/web.tar`,
        origin: { url: `${server.url}/web.tar`, checksum: { hex: sha256(archive()) } },
      },
    ])
  })

  it('bears the name that it gives itself once somebody adds it by hand', async () => {
    const { files, server, store, fetch } = await setUp()
    files.set('/web.tar', archive())
    const source = `${server.url}/web.tar#sha256=${sha256(archive())}`
    const box = await fetch(source, { names: [] })
    expect(await store.list()).toMatchObject([{ bearsName: false }])
    await expect(store.resolve('team/web', 'x86_64')).rejects.toMatchObject({ code: 'E_BOX_MISSING' })
    expect(await store.find(parseBoxSource(source, '/'), 'x86_64')).toEqual(box)
    await fetch(source)
    expect(await store.list()).toMatchObject([{ bearsName: true }])
    expect(await store.resolve('team/web', 'x86_64')).toEqual(box)
    expect(await store.find(parseBoxSource(source, '/'), 'x86_64')).toEqual(box)
  })

  it('without a checksum is refused, and taken where that is allowed; then it is known', async () => {
    const { files, server, fetch, refs, store } = await setUp()
    files.set('/web.tar', archive())
    await expect(fetch(`${server.url}/web.tar`)).rejects.toMatchObject({ code: 'E_UNCHECKED' })
    expect(await store.list()).toEqual([])
    await fetch(`${server.url}/web.tar`, { unchecked: true })
    expect(await refs()).toMatchObject([
      { origin: { checksum: { algorithm: 'sha256', hex: sha256(archive()) } } },
    ])
  })

  it('of other content than its checksum is not stored', async () => {
    const { files, server, store, fetch, leftovers } = await setUp()
    files.set('/web.tar', archive('2.0'))
    await expect(fetch(`${server.url}/web.tar#sha256=${sha256(archive())}`)).rejects.toMatchObject({
      code: 'E_CHECKSUM',
    })
    expect(await store.list()).toEqual([])
    expect(await leftovers()).toEqual([])
  })

  it.each([
    ['no box', Buffer.from('<html>sorry</html>')],
    ['nothing', Buffer.alloc(0)],
    ['half a box', archive().subarray(0, 2000)],
  ])('that is %s is refused and leaves nothing', async (_, content) => {
    const { files, server, store, fetch, leftovers } = await setUp()
    files.set('/web.tar', content)
    await expect(fetch(`${server.url}/web.tar#sha256=${sha256(content)}`)).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
    })
    expect(await store.list()).toEqual([])
    expect(await leftovers()).toEqual([])
  })

  it('may have escapes in its address that are not text', async () => {
    const { files, server, fetch } = await setUp()
    files.set('/%ff.tar', archive())
    const login = server.url.replace('//', '//%ff:%fe@')
    expect(await fetch(`${login}/%ff.tar#sha256=${sha256(archive())}`)).toMatchObject({
      manifest: { name: 'team/web' },
    })
  })

  it('where the catalogue of a box is: the newest version of it', async () => {
    const { files, server, fetch } = await setUp()
    files.set('/web.tar', archive())
    const provider = {
      name: 'libvirt',
      url: `${server.url}/web.tar`,
      checksum: sha256(archive()),
      checksum_type: 'sha256',
    }
    files.set(
      '/team/web',
      JSON.stringify({ name: 'team/web', versions: [{ version: '1.0', providers: [provider] }] }),
    )
    expect(await fetch(`${server.url}/team/web`)).toMatchObject({ manifest: { version: '1.0' } })
  })
})

describe('a box of a catalogue', () => {
  const catalogue = (versions: Record<string, object>) =>
    JSON.stringify({
      format: 1,
      boxes: {
        'team/web': {
          description: 'x',
          versions: Object.entries(versions).map(([version, x86_64]) => ({ version, images: { x86_64 } })),
        },
      },
    })

  it('is fetched by name and by condition', async () => {
    const { files, fetch, refs, server } = await setUp()
    for (const version of ['1.0', '1.9', '2.0']) files.set(`/${version}.tar`, archive(version))
    const image = (version: string) => ({
      url: `${version}.tar`,
      checksum: `sha256:${sha256(archive(version))}`,
    })
    files.set('/catalogue.json', catalogue({ '1.0': image('1.0'), '1.9': image('1.9'), '2.0': image('2.0') }))
    expect(await fetch('team/web@~> 1.0')).toMatchObject({ manifest: { version: '1.9' } })
    expect(await fetch('team/web')).toMatchObject({ manifest: { version: '2.0' } })
    await expect(fetch('team/web@> 3')).rejects.toMatchObject({ code: 'E_BOX_VERSION' })
    await expect(fetch('team/web', { arch: 'aarch64' })).rejects.toMatchObject({ code: 'E_BOX_ARCH' })
    await expect(fetch('team/wep')).rejects.toMatchObject({
      code: 'E_BOX_MISSING',
      hint: 'did you mean team/web?',
    })
    expect((await refs()).map(({ source, origin }) => ({ source, url: origin?.url }))).toEqual([
      { source: 'team/web@~> 1.0', url: `${server.url}/1.9.tar` },
      { source: 'team/web', url: `${server.url}/2.0.tar` },
    ])
  })

  it('takes its checksum from the file that the catalogue names', async () => {
    const { files, fetch } = await setUp()
    files.set('/web.tar', archive())
    files.set('/SHA256SUMS', Buffer.from(`${sha256(archive())} *web.tar\n`))
    files.set('/catalogue.json', catalogue({ '1.0': { url: 'web.tar', checksums: 'SHA256SUMS' } }))
    expect(await fetch('team/web')).toMatchObject({ manifest: { version: '1.0' } })
    files.set('/SHA256SUMS', Buffer.from(`${sha256(archive())} *other.tar\n${sha256(archive())} *x.tar\n`))
    await expect(fetch('team/web')).rejects.toMatchObject({ code: 'E_UNCHECKED' })
  })

  it('behind a redirect has its relative addresses beside where that leads', async () => {
    const { files, fetch, server, refs } = await setUp()
    files.set('/there/web.tar', archive())
    files.set('/there/SHA256SUMS', Buffer.from(`${sha256(archive())}  web.tar\n`))
    files.set('/there/boxes.json', catalogue({ '1.0': { url: 'web.tar', checksums: 'SHA256SUMS' } }))
    const catalogues = [`${server.url}/moved/boxes.json`]
    expect(await fetch('team/web', { catalogues })).toMatchObject({ manifest: { version: '1.0' } })
    expect(await refs()).toMatchObject([{ origin: { url: `${server.url}/there/web.tar` } }])
  })

  it('takes the checksum of the file in its own folder', async () => {
    const { files, fetch } = await setUp()
    files.set('/x86/web.tar', archive())
    files.set(
      '/SHA256SUMS',
      Buffer.from(`${'0'.repeat(64)}  arm/web.tar\n${sha256(archive())}  x86/web.tar\n`),
    )
    files.set('/catalogue.json', catalogue({ '1.0': { url: 'x86/web.tar', checksums: 'SHA256SUMS' } }))
    expect(await fetch('team/web')).toMatchObject({ manifest: { version: '1.0' } })
  })

  it('of Vagrant is asked for at its server', async () => {
    const { files, fetch, server } = await setUp()
    files.set('/web.tar', archive())
    const provider = {
      name: 'libvirt',
      url: `${server.url}/web.tar`,
      checksum: sha256(archive()),
      checksum_type: 'sha256',
    }
    files.set(
      '/api/v2/vagrant/Team/Web',
      JSON.stringify({ name: 'Team/Web', versions: [{ version: '1.0', providers: [provider] }] }),
    )
    const env = { SSL_CERT_FILE: authorityFile, VAGRANT_SERVER_URL: server.url }
    expect(await fetch('vagrant:Team/Web@>= 1', { env })).toMatchObject({ manifest: { name: 'team/web' } })
  })

  it('is looked for in a file too, and one that is not a catalogue says so', async () => {
    const { folder, files, fetch, server } = await setUp()
    files.set('/web.tar', archive())
    const path = join(folder, 'mine.json')
    const image = { url: `${server.url}/web.tar`, checksum: `sha256:${sha256(archive())}` }
    await writeFile(path, catalogue({ '1.0': image }))
    expect(await fetch('team/web', { catalogues: [path] })).toMatchObject({ manifest: { version: '1.0' } })
    await writeFile(path, '{}')
    await expect(fetch('team/web', { catalogues: [path] })).rejects.toMatchObject({ code: 'E_CATALOGUE' })
    await expect(fetch('team/web', { catalogues: ['/nowhere'] })).rejects.toMatchObject({
      code: 'E_CATALOGUE',
    })
  })

  it('that is endless is not read to its end', async () => {
    const { fetch } = await setUp()
    const endless = await webServer(
      onTestFinished,
      (_, response) => {
        const more = () => {
          while (response.write(' '.repeat(100_000)));
        }
        response.on('drain', more)
        more()
      },
      { secure: true },
    )
    await expect(fetch('team/web', { catalogues: [endless.url] })).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('larger than'),
    })
  })
})

describe('a file that is to be a box', () => {
  const xz = execaSync('xz', { input: archive(), encoding: 'buffer' }).stdout

  it('and whose packing cannot be undone for lack of a program says which', async () => {
    const { folder, fetch } = await setUp()
    await writeFile(join(folder, 'web.tar'), xz)
    vi.stubEnv('PATH', folder)
    onTestFinished(() => void vi.unstubAllEnvs())
    await expect(fetch('./web.tar')).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: `${join(folder, 'web.tar')} is packed with xz, which is not installed`,
      hint: 'sudo apt-get install xz-utils',
    })
  })

  it.each([
    ['xz', Buffer.from(xz).fill(1, 100, 300)],
    ['gzip', Buffer.from(gzipSync(archive())).fill(1, 20, 200)],
  ])('and whose packing with %s is damaged says so', async (_, bytes) => {
    const { folder, store, fetch } = await setUp()
    await writeFile(join(folder, 'web.tar'), bytes)
    await expect(fetch('./web.tar')).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(/web\.tar is damaged: it cannot be decompressed/),
    })
    expect(await store.list()).toEqual([])
  })

  it('and is packed, but is not an archive, is not a box', async () => {
    const { folder, fetch } = await setUp()
    await writeFile(join(folder, 'web.tar'), gzipSync('a letter'.repeat(1000)))
    await expect(fetch('./web.tar')).rejects.toThrow(/web\.tar is not a box$/)
  })
})

it('fetches once what two ask for at the same time', async () => {
  const { files, server, store, fetch } = await setUp()
  files.set('/web.tar', archive())
  const source = `${server.url}/web.tar#sha256=${sha256(archive())}`
  const [one, other] = await Promise.all([fetch(source), fetch(source)])
  expect(one).toEqual(other)
  expect(await store.list()).toHaveLength(1)
  expect(server.requests).toHaveLength(1)
})
