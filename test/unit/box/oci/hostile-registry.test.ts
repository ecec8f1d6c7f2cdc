import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fetchBox } from '../../../../src/box/index.ts'
import { mediaTypes } from '../../../../src/box/oci/media-types.ts'
import { digestOf, type FakeRegistry } from '../../../helpers/fake-registry.ts'
import { registryPlaces } from '../../../helpers/registry-places.ts'

describe('a registry that lies', () => {
  const isChunk = ({ blobs }: FakeRegistry, url = '') =>
    (blobs.get(url.split('/').at(-1) ?? '')?.length ?? 0) > 100_000
  const flip = (bytes: Buffer) => {
    const copy = Buffer.from(bytes)
    copy[9] = (copy[9] ?? 0) ^ 1
    return copy
  }
  it.each<[string, string, (registry: FakeRegistry) => FakeRegistry['instead']]>([
    [
      'with other bytes',
      'E_CHECKSUM',
      (registry) => (request, response) => {
        if (!isChunk(registry, request.url)) return false
        response.end(flip(registry.blobs.get(request.url?.split('/').at(-1) ?? '') ?? Buffer.alloc(0)))
        return true
      },
    ],
    [
      'with a body that does not end',
      'E_CHECKSUM',
      (registry) => (request, response) => {
        if (!isChunk(registry, request.url)) return false
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(1_000_000)));
        }
        response.on('drain', more)
        more()
        return true
      },
    ],
    [
      'with half a body',
      'E_CHECKSUM',
      (registry) => (request, response) => {
        if (!isChunk(registry, request.url)) return false
        response.end(registry.blobs.get(request.url?.split('/').at(-1) ?? '')?.subarray(0, 50_000))
        return true
      },
    ],
    [
      'with a manifest of 100 MB',
      'E_TRANSFER',
      () => (request, response) => {
        if (request.url?.includes('/manifests/') !== true) return false
        response.end(Buffer.alloc(100_000_000, ' '))
        return true
      },
    ],
    [
      'with a box.json of other content',
      'E_CHECKSUM',
      (registry) => (request, response) => {
        const blob = registry.blobs.get(request.url?.split('/').at(-1) ?? '')
        if (blob?.toString('latin1', 0, 1) !== '{') return false
        response.end(flip(blob))
        return true
      },
    ],
    [
      'that there is nothing',
      'E_TRANSFER',
      (registry) => (request, response) => {
        if (!isChunk(registry, request.url)) return false
        response.writeHead(404).end()
        return true
      },
    ],
    [
      'by leading to http elsewhere',
      'E_TRANSFER',
      (registry) => (request, response) => {
        if (!isChunk(registry, request.url)) return false
        response.writeHead(307, { location: 'http://192.0.2.1/blob' }).end()
        return true
      },
    ],
  ])('%s is found out, and leaves no box', async (_, code, lie) => {
    const { registry, add, push, context, source } = await registryPlaces()
    await push(await add())
    registry.instead = lie(registry)
    const there = context()
    await expect(fetchBox(source(), there)).rejects.toMatchObject({ code })
    expect(await there.store.list()).toEqual([])
    expect(await readdir(join(there.store.dir, 'tmp')).catch(() => [])).toEqual([])
  })

  it('about a digest is found out', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    await push(await add())
    const [key = '', manifest] = [...registry.manifests].find(([name]) => name.includes('sha256:')) ?? []
    const digest = key.slice(key.indexOf('sha256:'))
    registry.manifests.set(key, {
      mediaType: mediaTypes.manifest,
      bytes: flip(manifest?.bytes ?? Buffer.alloc(0)),
    })
    await expect(fetchBox(source(`team/shop@${digest}`), context())).rejects.toMatchObject({
      code: 'E_CHECKSUM',
    })
  })

  it('with parts that do not come to what box.json says is found out, and leaves nothing of them', async () => {
    const { registry, add, push, context, source } = await registryPlaces()
    await push(await add())
    const manifest = JSON.parse(registry.manifests.get('team/shop:1')?.bytes.toString() ?? '') as {
      layers: { digest: string; size: number; mediaType: string; annotations: Record<string, string> }[]
    }
    const layer = manifest.layers.find(({ mediaType }) => mediaType === mediaTypes.chunk)
    const other = flip(registry.blobs.get(layer?.digest ?? '') ?? Buffer.alloc(0))
    if (layer !== undefined) layer.digest = digestOf(other)
    registry.blobs.set(digestOf(other), other)
    const bytes = Buffer.from(JSON.stringify(manifest))
    registry.manifests.set('team/shop:1', { mediaType: mediaTypes.manifest, bytes })
    const there = context()
    await expect(fetchBox(source(), there)).rejects.toMatchObject({ code: 'E_BOX_CORRUPT' })
    expect(await there.store.list()).toEqual([])
    expect(
      (await readdir(join(there.store.dir, 'downloads'))).filter((name) => name.endsWith('.pull')),
    ).toEqual([])
  })
})
