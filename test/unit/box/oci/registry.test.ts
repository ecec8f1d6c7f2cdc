import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fetchBox, pushTo } from '../../../../src/box/index.ts'
import { chunkAnnotations, mediaTypes } from '../../../../src/box/oci/media-types.ts'
import { noise, writeChunkedBox } from '../../../helpers/chunked-box.ts'
import { digestOf, startFakeRegistry } from '../../../helpers/fake-registry.ts'
import { blobsGot, registryPlaces } from '../../../helpers/registry-places.ts'

describe('a box in a registry', () => {
  it('comes back as it was, holes too', async () => {
    const { add, push, context, source } = await registryPlaces()
    const box = await add()
    const pushed = await push(box)
    expect(pushed.uploaded).toBe(pushed.size)
    expect(pushed.size).toBeLessThan(11 * 2 ** 20)
    const there = context()
    const got = await fetchBox(source(), there)
    expect(got.digest).toBe(box.digest)
    expect(got.dir).not.toBe(box.dir)
    for (const file of await readdir(box.dir))
      expect((await readFile(join(got.dir, file))).equals(await readFile(join(box.dir, file))), file).toBe(
        true,
      )
    expect((await stat(join(got.dir, 'root.raw'))).blocks * 512).toBeLessThan(13 * 2 ** 20)
    expect(await readdir(join(there.store.dir, 'downloads'))).toEqual([])
    expect(await there.store.list()).toMatchObject([{ source: `oci://${source().registry}/team/shop:1` }])
  })

  it('is held against the checksum that was given, which is the digest of its manifest', async () => {
    const { add, push, context, source } = await registryPlaces()
    const { digest } = await push(await add())
    const checksum = (hex: string) => ({ algorithm: 'sha256' as const, hex })
    const refused = context()
    await expect(
      fetchBox(source(), { ...refused, checksum: checksum('0'.repeat(64)) }),
    ).rejects.toMatchObject({
      code: 'E_CHECKSUM',
      details: [`expected sha256:${'0'.repeat(64)}`, `got      ${digest}`],
    })
    expect(await refused.store.list()).toEqual([])
    await fetchBox(source(), { ...context(), checksum: checksum(digest.slice('sha256:'.length)) })
  })

  it('is not sent again, nor got again', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    const box = await add()
    const first = await push(box)
    expect(await push(box)).toEqual({ ...first, uploaded: 0 })
    const there = context()
    await fetchBox(source(), there)
    registry.requests.length = 0
    await fetchBox(source(), there)
    // box.json alone says that it is the same.
    expect(blobsGot(registry)).toHaveLength(1)
  })

  it('is sent and got in the parts that changed', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    await push(await add({ noisy: 24 }))
    const there = context()
    await fetchBox(source(), there)
    const newer = await add({ version: '20261122.2', insert: true, noisy: 24 })
    const pushed = await push(newer)
    expect(pushed.uploaded).toBeLessThan(pushed.size * 0.7)
    registry.requests.length = 0
    const got = await fetchBox(source(), there)
    expect(got.digest).toBe(newer.digest)
    const manifest = JSON.parse(registry.manifests.get('team/shop:1')?.bytes.toString() ?? '') as {
      layers: object[]
    }
    expect(blobsGot(registry).length).toBeLessThan(manifest.layers.length)
  })

  it('may be there for both architectures under one tag', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    const [one, other] = [await add(), await add({ arch: 'aarch64' })]
    await push(one)
    const both = await push(other)
    expect(registry.manifests.get('team/shop:1')?.mediaType).toBe(mediaTypes.index)
    expect((await fetchBox(source(), context())).digest).toBe(one.digest)
    expect((await fetchBox(source(), { ...context(), arch: 'aarch64' })).digest).toBe(other.digest)
    expect((await fetchBox(source(`team/shop@${both.digest}`), context())).digest).toBe(one.digest)
    await push(one)
    expect((await fetchBox(source(), { ...context(), arch: 'aarch64' })).digest).toBe(other.digest)
  })

  it('that is not there, or not for this architecture, is told apart', async () => {
    const { add, push, context, source } = await registryPlaces()
    await push(await add())
    const missing = fetchBox(source('team/shop:2'), context())
    await expect(missing).rejects.toMatchObject({ code: 'E_BOX_MISSING' })
    const other = fetchBox(source(), { ...context(), arch: 'aarch64' })
    await expect(other).rejects.toMatchObject({ code: 'E_BOX_ARCH' })
  })

  it('does not replace another of its name unasked, and says so before it is got', async () => {
    const { registry, folder, add, push, context, source } = await registryPlaces()
    await push(await add())
    const there = context()
    await fetchBox(source(), there)
    const elsewhere = context()
    const other = await elsewhere.store.add(await writeChunkedBox(join(folder, 'other'), { insert: true }))
    await pushTo(other, source('team/shop:2'), elsewhere)
    registry.requests.length = 0
    const refused = fetchBox(source('team/shop:2'), there)
    await expect(refused).rejects.toMatchObject({ code: 'E_BOX_EXISTS' })
    expect(blobsGot(registry)).toHaveLength(1)
    const forced = await fetchBox(source('team/shop:2'), { ...there, force: true })
    expect(forced.digest).toBe(other.digest)
  })

  it('is not pushed to a digest, nor over a container image', async () => {
    const { registry, add, push } = await registryPlaces()
    const box = await add()
    await expect(push(box, `team/shop@sha256:${'a'.repeat(64)}`)).rejects.toMatchObject({
      code: 'E_BOX_SOURCE',
    })
    const config = {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: `sha256:${'a'.repeat(64)}`,
      size: 2,
    }
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [] }))
    registry.manifests.set('team/shop:1', { mediaType: mediaTypes.manifest, bytes })
    await expect(push(box)).rejects.toMatchObject({ code: 'E_BOX_EXISTS' })
  })

  it('is uploaded to where a redirect of the registry leads', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    const uploads = await startFakeRegistry()
    onTestFinished(() => uploads.stop())
    uploads.blobs = registry.blobs
    const kinds = new Set<string>()
    registry.instead = (request, response) => {
      if (request.method !== 'POST' && request.method !== 'PUT') return false
      if (request.url?.includes('/manifests/') === true) return false
      kinds.add(request.method)
      response.writeHead(307, { location: `http://${uploads.host}${request.url}` }).end()
      return true
    }
    const box = await add()
    await push(box)
    // The answer to a POST that was led on names a place there.
    expect([...kinds]).toEqual(['POST'])
    registry.instead = null
    expect((await fetchBox(source(), context())).digest).toBe(box.digest)
  })

  it('is not pushed over an index that leads to something else too', async () => {
    const { registry, add, push } = await registryPlaces()
    const box = await add()
    await push(box)
    const own = registry.manifests.get('team/shop:1')?.bytes ?? Buffer.alloc(0)
    const entry = (bytes: Buffer, more: object) => ({
      mediaType: mediaTypes.manifest,
      digest: digestOf(bytes),
      size: bytes.length,
      ...more,
    })
    const platform = { os: 'linux', architecture: 'amd64' }
    const manifests = [
      entry(own, { artifactType: mediaTypes.artefact, platform }),
      entry(Buffer.from('{}'), { artifactType: 'application/vnd.example.signature', platform }),
    ]
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }))
    registry.manifests.set('team/shop:1', { mediaType: mediaTypes.index, bytes })
    await expect(push(box)).rejects.toMatchObject({
      code: 'E_BOX_EXISTS',
      message: expect.stringContaining('1 other artifact'),
    })
    expect(registry.manifests.get('team/shop:1')?.bytes).toBe(bytes)
  })
})

describe('a transfer that is cut off', () => {
  it('is gone on with: what is there is not got again', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    const box = await add()
    await push(box)
    const stop = new AbortController()
    registry.requests.length = 0
    registry.instead = () => {
      // box.json and five chunks, of which four are got at once: one is there.
      if (blobsGot(registry).length === 6) stop.abort(new Error('cut off'))
      return false
    }
    await expect(fetchBox(source(), context('there', stop.signal))).rejects.toThrow('cut off')
    registry.instead = null
    expect(await context('there').store.list()).toEqual([])
    registry.requests.length = 0
    expect((await fetchBox(source(), context('there'))).digest).toBe(box.digest)
    expect(blobsGot(registry).length).toBeLessThan(1 + registry.blobs.size - 1)
  })

  it('leaves nothing between the parts of another list of them', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    const box = await add()
    await push(box)
    const honest = registry.manifests.get('team/shop:1')?.bytes.toString() ?? ''
    const forged = JSON.parse(honest) as { layers: { digest: string; annotations: Record<string, string> }[] }
    const filler = noise('filler', 65_536)
    registry.blobs.set(digestOf(filler), filler)
    const last = forged.layers.findIndex(
      ({ annotations }) => annotations[chunkAnnotations.offset] === String(12 * 2 ** 20),
    )
    const missing = forged.layers[last]?.digest
    forged.layers.splice(last, 0, {
      mediaType: mediaTypes.chunk,
      digest: digestOf(filler),
      size: filler.length,
      annotations: {
        [chunkAnnotations.file]: 'root.raw',
        [chunkAnnotations.offset]: String(11 * 2 ** 20),
        [chunkAnnotations.length]: String(filler.length),
        [chunkAnnotations.digest]: digestOf(filler),
      },
    } as (typeof forged.layers)[number])
    registry.manifests.set('team/shop:2', {
      mediaType: mediaTypes.manifest,
      bytes: Buffer.from(JSON.stringify(forged)),
    })
    registry.instead = (request, response) => {
      if (request.url?.endsWith(missing ?? '-') !== true) return false
      response.writeHead(404).end()
      return true
    }
    const there = context()
    await expect(fetchBox(source('team/shop:2'), there)).rejects.toMatchObject({ code: 'E_TRANSFER' })
    registry.instead = null
    const got = await fetchBox(source(), there)
    expect(got.digest).toBe(box.digest)
    expect(await there.store.verify(got.digest)).toBeNull()
  })

  it('of a push is gone on with, and until then the tag is not there', async () => {
    const { registry, add, here, source, push } = await registryPlaces()
    const box = await add()
    const stop = new AbortController()
    let put = 0
    registry.instead = (request) => {
      if (request.method === 'PUT' && request.url?.includes('/blobs/') === true && ++put > 2)
        stop.abort(new Error('cut off'))
      return false
    }
    await expect(pushTo(box, source(), { ...here, signal: stop.signal })).rejects.toThrow('cut off')
    registry.instead = null
    expect([...registry.manifests.keys()]).toEqual([])
    const pushed = await push(box)
    expect(pushed.uploaded).toBeLessThan(pushed.size)
  })

  it('and made by two at once is made once', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    await push(await add())
    registry.requests.length = 0
    const [one, other] = await Promise.all([
      fetchBox(source(), context('there')),
      fetchBox(source(), context('there')),
    ])
    expect(one.digest).toBe(other.digest)
    const chunks = blobsGot(registry).filter((blob, index, all) => all.indexOf(blob) !== index)
    // Both ask for box.json.
    expect(chunks).toHaveLength(1)
  })
})

describe('a registry that has a bad moment', () => {
  it.each<[string, RegExp]>([
    ['when it is asked for a manifest', /^GET .*\/manifests\//],
    ['when it is asked for a part', /^GET .*\/blobs\//],
    ['when it is sent a part', /^PUT .*\/blobs\//],
    ['when it is sent a manifest', /^PUT .*\/manifests\//],
  ])('%s is asked again', async (_, moment) => {
    const { registry, add, push, context, source } = await registryPlaces()
    let failures = 0
    registry.instead = async (request, response) => {
      if (!moment.test(`${request.method} ${request.url}`) || failures++ > 0) return false
      await request.toArray()
      response.writeHead(503).end()
      return true
    }
    const box = await add()
    await push(box)
    expect((await fetchBox(source(), context())).digest).toBe(box.digest)
    expect(failures).toBeGreaterThan(1)
  })
})
