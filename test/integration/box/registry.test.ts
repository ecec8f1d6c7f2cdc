import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openBoxStore } from '../../../src/box/index.ts'
import { writeChunkedBox } from '../../helpers/chunked-box.ts'
import { type DockerRegistry, hasDockerRegistry, startDockerRegistry } from '../../helpers/docker-registry.ts'
import { type Ended, ended, makePlace, type Place } from '../../helpers/posada.ts'
import { type TappedServer, tappedServer } from '../../helpers/tapped-server.ts'

// Docker's own registry server and skopeo, the built command line; no machine: 40 s.

let registry: DockerRegistry
beforeAll(async () => {
  registry = await startDockerRegistry()
})
afterAll(() => registry?.stop())

function newPlace(): Place {
  const place = makePlace('boxes')
  onTestFinished(() => place.remove())
  return place
}

async function json<T>(run: Promise<Ended>): Promise<T> {
  const { code, stdout, stderr } = await run
  expect(code, stdout + stderr).toBe(0)
  return JSON.parse(stdout) as T
}

interface Box {
  digest: string
  dir: string
}
const add = (place: Place, source: string) => json<Box>(place.run('box', 'add', '--json', source))
const push = (place: Place, target: string) =>
  json<{ uploaded: number; size: number; digest: string }>(
    place.run('box', 'push', '--json', 'test/one', target),
  )

describe.skipIf(!hasDockerRegistry)("Docker's own registry", () => {
  it('takes a box and gives it back, and skopeo copies it on', async () => {
    const [here, there, third] = [newPlace(), newPlace(), newPlace()]
    const box = await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const target = `oci://${registry.host}/team/shop:1`
    const pushed = await push(here, target)
    expect(pushed.uploaded).toBe(pushed.size)
    expect((await push(here, target)).uploaded).toBe(0)
    const got = await add(there, target)
    expect(got.digest).toBe(box.digest)

    const plain = ['--tls-verify=false']
    const from = `docker://${registry.host}/team/shop:1`
    const { stdout } = await execa('skopeo', ['inspect', '--raw', ...plain, from])
    expect(JSON.parse(stdout)).toMatchObject({ artifactType: 'application/vnd.posada.box.v1' })
    const copy = ['copy', '--src-tls-verify=false', '--dest-tls-verify=false']
    await execa('skopeo', [...copy, from, `dir:${join(here.dir, 'copy')}`])
    await execa('skopeo', [
      ...copy,
      `dir:${join(here.dir, 'copy')}`,
      `docker://${registry.host}/other/shop:2`,
    ])
    expect((await add(third, `oci://${registry.host}/other/shop@${pushed.digest}`)).digest).toBe(box.digest)
  })

  it.each([
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.oci.image.index.v1+json',
  ])('keeps a container image of the type %s that a box is pushed over', async (mediaType) => {
    const here = newPlace()
    await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const repository = `images/${mediaType.length}`
    const bytes = await putImage(registry, repository, mediaType)
    const target = `oci://${registry.host}/${repository}:1`
    const pushed = await here.run('box', 'push', '--json', 'test/one', target)
    expect(JSON.parse(pushed.stdout)).toMatchObject({ error: { code: 'E_BOX_EXISTS' } })
    const added = await here.run('box', 'add', '--json', target)
    expect(JSON.parse(added.stdout)).toMatchObject({
      error: { code: 'E_BOX_INVALID', message: expect.stringContaining('a container image') },
    })
    const there = await fetch(`http://${registry.host}/v2/${repository}/manifests/1`, {
      headers: { accept: mediaType },
    })
    expect(await there.text()).toBe(bytes)
  })

  it('lets in who has logged in, and no one else', async () => {
    // me:secret, bcrypt of the least cost.
    const htpasswd = 'me:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n'
    const locked = await startDockerRegistry({ htpasswd })
    onTestFinished(() => locked.stop())
    const here = newPlace()
    const box = await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const target = `oci://${locked.host}/shop:1`
    const refused = await here.run('box', 'push', '--json', 'test/one', target)
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'E_REGISTRY_AUTH' } })
    const docker = join(here.env.HOME ?? '', '.docker')
    await mkdir(docker)
    const logIn = (password: string) => {
      const auth = Buffer.from(`me:${password}`).toString('base64')
      return writeFile(join(docker, 'config.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }))
    }
    await logIn('wrong')
    const wrong = await here.run('box', 'add', '--json', target)
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'E_REGISTRY_AUTH' } })
    await logIn('secret')
    await push(here, target)
    expect((await add(here, target)).digest).toBe(box.digest)
  })

  it('is left without half a box by a push that is killed at any request, and the next goes on', async () => {
    const here = newPlace()
    await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const through = await tapped()
    const target = `oci://${through.host}/killed/push:1`
    const isThere = async () =>
      (
        await fetch(`http://${registry.host}/v2/killed/push/manifests/1`, {
          headers: { accept: manifestType },
        })
      ).status === 200
    let isWhole = false
    let requests = 0
    for (let at = 1; !isWhole; at += 3) {
      requests = await killAt(through, at, () => here.start('box', 'push', 'test/one', target))
      isWhole = await isThere()
      // Until its last request is answered there is nothing under the tag.
      if (isWhole) expect(requests).toBeLessThanOrEqual(at)
    }
    expect(requests).toBeGreaterThan(10)
    const pushed = await push(here, target)
    expect(pushed.uploaded).toBe(0)
    expect((await add(newPlace(), target)).digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it('gives no half box to one that is killed at any request, and the next goes on', async () => {
    const [here, there] = [newPlace(), newPlace()]
    const box = await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const through = await tapped()
    const target = `oci://${through.host}/killed/pull:1`
    await push(here, target)
    for (let at = 1; ; at++) {
      const requests = await killAt(through, at, () => there.start('box', 'add', target))
      await expectWhole(there, box.digest)
      if (requests < at) break
    }
    await expectWhole(there, box.digest, { listed: true })
    expect(await readdir(join(storeOf(there), 'downloads'))).toEqual([])
  })

  it('gives no half box to one that is killed while it takes what came into the store', async () => {
    const here = newPlace()
    const box = await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const target = `oci://${registry.host}/killed/place:1`
    await push(here, target)
    for (const path of [`sha256/${box.digest}`, `stamps/${box.digest}.json`, 'refs/test/one']) {
      const there = newPlace()
      const child = there.start('box', 'add', target)
      const end = ended(child)
      while (!existsSync(join(storeOf(there), path)) && child.exitCode === null) await nextTurn()
      child.kill('SIGKILL')
      await end
      await expectWhole(there, box.digest)
      expect((await add(there, target)).digest).toBe(box.digest)
      await expectWhole(there, box.digest, { listed: true })
      expect(await readdir(join(storeOf(there), 'tmp'))).toEqual([])
      expect(await readdir(join(storeOf(there), 'downloads'))).toEqual([])
    }
  })
})

/** Puts an empty container image, or a list of one, under the tag `1`; its manifest. */
async function putImage({ host }: DockerRegistry, repository: string, mediaType: string): Promise<string> {
  const put = async (path: string, type: string, body: string) => {
    const response = await fetch(`http://${host}/v2/${repository}/${path}`, {
      method: 'PUT',
      headers: { 'content-type': type },
      body,
    })
    expect(response.status).toBe(201)
  }
  const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
  const vendor = mediaType.includes('docker') ? 'application/vnd.docker' : 'application/vnd.oci'
  const config = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
  const upload = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' })
  const at = new URL(upload.headers.get('location') ?? '', `http://${host}`)
  at.searchParams.set('digest', digestOf(config))
  const blob = { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: config }
  expect((await fetch(at, blob)).status).toBe(201)
  const type = vendor.endsWith('docker')
    ? `${vendor}.distribution.manifest.v2+json`
    : `${vendor}.image.manifest.v1+json`
  const configType = `${vendor}.${vendor.endsWith('docker') ? 'container.image.v1' : 'image.config.v1'}+json`
  const image = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: { mediaType: configType, digest: digestOf(config), size: config.length },
    layers: [],
  })
  if (mediaType === type) {
    await put('manifests/1', type, image)
    return image
  }
  await put(`manifests/${digestOf(image)}`, type, image)
  const platform = { architecture: 'amd64', os: 'linux' }
  const manifests = [{ mediaType: type, digest: digestOf(image), size: image.length, platform }]
  const list = JSON.stringify({ schemaVersion: 2, mediaType, manifests })
  await put('manifests/1', mediaType, list)
  return list
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'

async function tapped(): Promise<TappedServer> {
  const through = await tappedServer(registry.host)
  onTestFinished(() => through.stop())
  return through
}

/** Runs a command, and kills it when it makes its request of this number; returns how many it made. */
async function killAt(
  through: TappedServer,
  at: number,
  start: () => ReturnType<Place['start']>,
): Promise<number> {
  const child = start()
  const end = ended(child)
  let requests = 0
  through.tap = () => {
    if (++requests === at) child.kill('SIGKILL')
  }
  await end
  return requests
}

const storeOf = (place: Place) => join(place.env.XDG_DATA_HOME ?? '', 'posada', 'boxes')

/** What is listed is this box and whole, hashed again. */
async function expectWhole(place: Place, digest: string, { listed = false } = {}): Promise<void> {
  const store = openBoxStore(storeOf(place))
  const boxes = await store.list()
  for (const one of boxes) expect(one).toMatchObject({ digest, problem: null })
  if (listed) expect(boxes).toHaveLength(1)
  for (const one of boxes) expect(await store.verify(one.digest)).toBeNull()
}
