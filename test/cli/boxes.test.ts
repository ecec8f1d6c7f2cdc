import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openBoxStore } from '../../src/box/index.ts'
import { ensureIdentity } from '../../src/project/identity.ts'
import { writeState } from '../../src/project/machine-state.ts'
import { projectPaths } from '../../src/project/paths.ts'
import { noteInIndex } from '../../src/project/user-index.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import { boxContent } from '../helpers/box-files.ts'
import { aState } from '../helpers/model.ts'
import { ended, makePlace } from '../helpers/posada.ts'
import { tar } from '../helpers/tar.ts'
import { authorityFile, serve, webServer } from '../helpers/web-server.ts'

const archive = (version: string) =>
  tar(
    [...boxContent({ name: 'team/web', version }, `disk ${version}`)].map(([name, content]) => ({
      name,
      content,
    })),
  )
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

async function setUp(env: NodeJS.ProcessEnv = {}) {
  const place = makePlace('shop', { SSL_CERT_FILE: authorityFile, ...env })
  onTestFinished(place.remove)
  const user = userPaths(place.env)
  const json = async (...args: string[]) => {
    const { code, stdout } = await place.run(...args, '--json')
    return { code, document: JSON.parse(stdout) }
  }
  const add = async (version: string) => {
    writeFileSync(join(place.dir, `${version}.tar`), archive(version))
    return (await json('box', 'add', `./${version}.tar`)).document as { digest: string; dir: string }
  }
  const list = async () =>
    ((await json('box', 'list')).document.boxes as { name: string; version: string }[]).map(
      ({ name, version }) => `${name}@${version}`,
    )
  const server = await webServer(
    onTestFinished,
    (request, response) => {
      const version = /^\/([\d.]+)\.tar$/.exec(request.url ?? '')?.[1]
      if (version === undefined) response.writeHead(404).end()
      else serve(archive(version))(request, response)
    },
    { secure: true },
  )
  return { place, user, json, add, list, server }
}

it('a box that two processes add at the same time is fetched once and added once', async () => {
  const { place, user, list, server } = await setUp()
  const source = `${server.url}/1.0.tar#sha256=${sha256(archive('1.0'))}`
  writeFileSync(join(place.dir, '2.0.tar'), archive('2.0'))
  const both = (what: string) => Promise.all([1, 2].map(() => ended(place.start('box', 'add', what))))
  for (const { code, stderr } of [...(await both(source)), ...(await both('./2.0.tar'))])
    expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(await list()).toEqual(['team/web@1.0', 'team/web@2.0'])
  expect(server.requests.filter(({ headers }) => headers.range === undefined)).toHaveLength(1)
  for (const folder of ['tmp', 'downloads']) expect(readdirSync(join(user.boxes, folder))).toEqual([])
})

it('a box that machines stand on is neither removed nor pruned, also when their project was moved', async () => {
  const { place, user, json, add, list } = await setUp()
  const used = await add('1.0')
  const paths = projectPaths(place.dir, user)
  const { id } = await ensureIdentity(paths)
  await noteInIndex(user.projects, { version: 1, id, root: place.dir, name: 'shop' })
  const machine = { id, project: 'shop', root: place.dir, machine: 'web' }
  await openBoxStore(user.boxes).noteUser(used.digest, machine)
  mkdirSync(paths.machine('web').dir, { recursive: true })
  const box = { name: 'team/web', version: '1.0', digest: used.digest }
  await writeState(paths.machine('web'), { ...aState(), box })
  await add('2.0')
  const refused = await json('box', 'remove', 'team/web')
  expect(refused).toMatchObject({
    code: 1,
    document: { error: { code: 'E_BOX_IN_USE', details: [`shop/web in ${place.dir}`] } },
  })
  expect((await json('box', 'prune', '--yes')).document.removed).toMatchObject([{ version: '2.0' }])
  expect(await list()).toEqual(['team/web@1.0'])
  // Commands run where the project was; it is found beside that.
  renameSync(place.dir, `${place.dir} moved`)
  mkdirSync(place.dir)
  const moved = await json('box', 'remove', 'team/web@1.0')
  expect(moved.document.error).toMatchObject({
    code: 'E_BOX_IN_USE',
    details: expect.arrayContaining([expect.stringContaining(`/web in ${place.dir} moved`)]),
  })
  expect((await json('box', 'prune', '--yes')).document.removed).toEqual([])
  expect(existsSync(join(used.dir, 'root.raw'))).toBe(true)
})

it('a damaged box is found by verify, which says what is wrong and ends with 1', async () => {
  const { json, add } = await setUp()
  const { dir } = await add('1.0')
  await add('2.0')
  const disk = join(dir, 'root.raw')
  chmodSync(disk, 0o600)
  writeFileSync(disk, 'disk 1.1')
  const { code, document } = await json('box', 'verify')
  expect(code).toBe(1)
  expect(document.boxes).toMatchObject([
    { version: '1.0', problem: expect.stringContaining('root.raw') },
    { version: '2.0', problem: null },
  ])
})

it('boxes are kept to the budget, those used longest ago going first', async () => {
  const { place, user, add, list } = await setUp({ POSADA_BOX_BUDGET: '40B' })
  for (const [version, second] of [
    ['1.0', 2000],
    ['2.0', 1000],
  ] as const) {
    const { digest } = await add(version)
    utimesSync(join(user.boxes, 'stamps', `${digest}.json`), second, second)
  }
  writeFileSync(join(place.dir, '3.0.tar'), archive('3.0'))
  const { stderr } = await place.run('box', 'add', './3.0.tar')
  expect(stderr).toContain('team/web@2.0')
  expect(await list()).toEqual(['team/web@1.0', 'team/web@3.0'])
})

it('the lock is written by the first update, outdated says when it could move, and update moves it', async () => {
  const { place, json, server } = await setUp()
  const offer = (...versions: string[]) => {
    const of = (version: string) => ({
      version,
      images: {
        x86_64: { url: `${server.url}/${version}.tar`, checksum: `sha256:${sha256(archive(version))}` },
      },
    })
    const boxes = { 'team/web': { description: 'x', versions: versions.map(of) } }
    writeFileSync(join(place.dir, 'boxes.json'), JSON.stringify({ format: 1, boxes }))
  }
  writeFileSync(
    join(place.dir, 'posada.yaml'),
    "version: 1\nbox: 'team/web@~> 1.0'\narch: x86_64\ncatalogues: [./boxes.json]\n",
  )
  offer('1.0', '2.0')
  expect((await json('box', 'update')).document.boxes).toMatchObject([{ from: null, to: { version: '1.0' } }])
  offer('1.0', '1.5', '2.0')
  expect((await json('box', 'outdated')).document.boxes).toMatchObject([
    { locked: '1.0', newest: '1.5', outdated: true },
  ])
  expect((await json('box', 'update', 'team/web')).document.boxes).toMatchObject([
    { from: { version: '1.0' }, to: { version: '1.5' }, changed: true },
  ])
  expect(readFileSync(join(place.dir, 'posada.lock'), 'utf8')).toContain('version: "1.5"')
  expect((await json('box', 'outdated')).document.boxes).toMatchObject([{ locked: '1.5', outdated: false }])
})

it('what the manifest no longer names leaves the lock by an update of all, on every architecture', async () => {
  const { place, json } = await setUp()
  const lockfile = join(place.dir, 'posada.lock')
  const entry = `{name: team/web, version: "0.9", digest: ${'0'.repeat(64)}}`
  const [file, url] = [`sha256:${'0'.repeat(64)}`, 'https://example.com/base.yaml']
  writeFileSync(join(place.dir, '1.0.tar'), archive('1.0'))
  writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: ./1.0.tar\narch: x86_64\n')
  const others = `  ./old.tar: {x86_64: ${entry}, aarch64: ${entry}}\n  ./1.0.tar: {aarch64: ${entry}}\n`
  writeFileSync(lockfile, `version: 1\nboxes:\n${others}files: {"${url}": "${file}"}\n`)
  expect((await json('box', 'update', './1.0.tar')).document).toMatchObject({ removed: [] })
  expect(readFileSync(lockfile, 'utf8')).toContain('./old.tar')
  expect((await json('box', 'update')).document).toMatchObject({ removed: ['./old.tar', url] })
  const text = readFileSync(lockfile, 'utf8')
  expect(text).not.toMatch(/old\.tar|example\.com/)
  expect(text).toMatch(/\.\/1\.0\.tar:\n {4}aarch64:[\s\S]*x86_64:/)
  writeFileSync(join(place.dir, '2.0.tar'), archive('2.0'))
  writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: ./2.0.tar\narch: x86_64\n')
  expect((await place.run('box', 'update')).stdout).toContain(
    './1.0.tar is no longer used and was removed from posada.lock\n',
  )
  expect((await json('box', 'update')).document).toMatchObject({ removed: [] })
})

it('credentials in the address of a box are not shown by anything', async () => {
  const { place, server } = await setUp()
  const url = `${server.url.replace('//', '//me:hunter2@')}/gone.box?token=s3cret`
  writeFileSync(join(place.dir, 'posada.yaml'), `version: 1\nbox: "\${BOX}"\narch: x86_64\n`)
  writeFileSync(join(place.dir, '.env'), `BOX=${url}\n`)
  for (const command of [
    ['status'],
    ['status', '--json'],
    ['box', 'outdated'],
    ['box', 'update', '--json'],
    ['box', 'update', 'other/box'],
  ]) {
    const { stdout, stderr } = await place.run(...command)
    expect(stdout + stderr).toContain('127.0.0.1')
    expect(stdout + stderr).not.toMatch(/hunter2|s3cret/)
  }
  writeFileSync(join(place.dir, '.env'), `BOX="${url} and more"\n`)
  const { stderr } = await place.run('validate')
  expect(stderr).toContain('got the text "https://127.0.0.1')
  expect(stderr).not.toMatch(/hunter2|s3cret/)
})

it('search shows what is available by name, how, and what of it is there, and asks no server', async () => {
  const proxy = await webServer(onTestFinished, (_, response) => void response.writeHead(502).end())
  const { place, json } = await setUp({ HTTPS_PROXY: proxy.url, ALL_PROXY: proxy.url })
  writeFileSync(
    join(place.dir, 'mine.tar'),
    tar([...boxContent({ name: 'ubuntu/24.04' })].map(([name, content]) => ({ name, content }))),
  )
  await json('box', 'add', './mine.tar')
  const search = async (...words: string[]) => (await json('box', 'search', ...words)).document.boxes
  const all = (await search()) as { name: string }[]
  const names = all.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['debian/12', 'debian/13', 'posada/tiny', 'debian/13-cloud']))
  expect(await search('UBUNTU 24')).toEqual([
    expect.objectContaining({
      name: 'ubuntu/24.04',
      kind: 'image',
      arch: ['x86_64', 'aarch64'],
      versions: [expect.stringMatching(/^[\d.]+$/)],
      stored: ['20261122.1'],
    }),
  ])
  expect(await search('posada/tiny')).toMatchObject([
    { kind: 'recipe', arch: ['x86_64', 'aarch64'], versions: [], stored: [] },
  ])
  const { stdout } = await place.run('box', 'search', 'debian/13')
  expect(stdout).toMatch(/^debian\/13 .*posada box build debian\/13 /m)
  expect(stdout).toMatch(/^debian\/13-cloud .*posada box add debian\/13-cloud /m)
  expect(await place.run('box', 'search', 'no such')).toMatchObject({
    code: 0,
    stdout: 'no box matches no such; posada box search lists them all\n',
  })
  expect(proxy.requests).toEqual([])
})
