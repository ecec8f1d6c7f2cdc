import { describe, expect, it } from 'vitest'
import { parseBoxManifest } from '../../../../src/box/box-manifest.ts'
import { readIndex, writeIndex } from '../../../../src/box/oci/index-manifest.ts'
import { checkChunks, readManifest, writeManifest } from '../../../../src/box/oci/manifest.ts'
import { mediaTypes } from '../../../../src/box/oci/media-types.ts'
import { boxContent } from '../../../helpers/box-files.ts'

const box = parseBoxManifest(boxContent().get('box.json') ?? '', 'box')
const digest = `sha256:${'a'.repeat(64)}`
const config = { mediaType: mediaTypes.config, digest, size: 10, annotations: {} }
const blob = { mediaType: mediaTypes.chunkZstd, digest, size: 5, annotations: {} }
const chunk = { file: 'root.raw', offset: 0, length: 8, sha256: 'b'.repeat(64), blob }
const key = { ...chunk, file: 'login.key', length: 9 }

interface Parsed {
  artifactType?: unknown
  config: Record<string, unknown>
  layers: [{ size: unknown; annotations: Record<string, unknown> }]
  schemaVersion: unknown
}
const parsed = () => JSON.parse(writeManifest(box, { config, chunks: [chunk, key] }).toString()) as Parsed
const read = (manifest: unknown) => readManifest(Buffer.from(JSON.stringify(manifest)), 'oci://r/n:1')

describe('the manifest of a box', () => {
  it('comes back as it was written, without caring for what it does not know', () => {
    const { chunks, arch, config: found } = read({ ...parsed(), subject: {}, more: 1 })
    expect(arch).toBe('x86_64')
    expect(found).toEqual(config)
    const written = [chunk, key].map((one) => ({ ...one, blob: { ...blob, annotations: expect.anything() } }))
    expect(chunks).toEqual(written)
    checkChunks(box, chunks, 'x')
  })

  it('is the same to the byte for the same box', () => {
    const write = () => writeManifest(box, { config, chunks: [chunk, key] })
    expect(write().equals(write())).toBe(true)
  })

  const changed = (change: (manifest: Parsed) => void) => {
    const manifest = parsed()
    change(manifest)
    return manifest
  }
  const configured = (config: object) => ({ ...parsed(), config: { ...parsed().config, ...config } })
  const annotated = (name: string, value: unknown) =>
    changed(({ layers }) => {
      layers[0].annotations[`org.posada.chunk.${name}`] = value
    })
  const large = changed(({ layers }) => {
    layers[0].size = 1e9
  })
  const image = {
    ...configured({ mediaType: 'application/vnd.oci.image.config.v1+json' }),
    artifactType: undefined,
  }
  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /not a mapping/],
    ['no layers', { schemaVersion: 2, config }, /layers: is missing/],
    ['another version', { ...parsed(), schemaVersion: 1 }, /schemaVersion/],
    ['another digest', configured({ digest: `sha512:${'a'.repeat(128)}` }), /config.digest/],
    ['a digest that is a path', configured({ digest: '../../x' }), /config.digest/],
    ['a size below zero', configured({ size: -1 }), /config.size/],
    ['an offset below zero', annotated('offset', '-1'), /layers.0: has no offset/],
    ['an offset that is not a number', annotated('offset', 'x'), /has no offset/],
    ['a length of nothing', annotated('length', '0'), /has no length/],
    ['a huge length', annotated('length', '999999999'), /has no length/],
    ['no digest', annotated('digest', undefined), /has no digest/],
    ['a blob larger than its content', large, /larger packed/],
    ['a container image', image, /is a container image, not a box/],
  ])('is refused with %s', (_, manifest, problem) => {
    const refused = { code: 'E_BOX_INVALID', message: expect.stringMatching(problem) }
    expect(() => read(manifest)).toThrow(expect.objectContaining(refused))
  })

  it('is refused when it is not JSON', () => {
    expect(() => readManifest(Buffer.from('{'), 'x')).toThrow(/not JSON/)
  })

  const [first, second] = [
    { ...chunk, length: 4 },
    { ...chunk, offset: 3, length: 4 },
  ]
  it.each<[string, (typeof chunk)[], RegExp]>([
    ['of a file that box.json does not name', [{ ...chunk, file: '../../etc/passwd' }], /not in box.json/],
    ['of box.json itself', [{ ...chunk, file: 'box.json' }], /not in box.json/],
    ['behind the end of its file', [{ ...chunk, offset: 4 }], /past the end/],
    ['twice', [chunk, chunk], /out of order/],
    ['one over the other', [first, second], /out of order/],
  ])('is refused with a chunk %s', (_, chunks, problem) => {
    expect(() => checkChunks(box, chunks, 'x')).toThrow(problem)
  })
})

describe('an index of boxes', () => {
  it('comes back as it was written', () => {
    const one = { mediaType: mediaTypes.manifest, digest, size: 7, annotations: {} }
    const written = new Map([['x86_64', one] as const, ['aarch64', { ...one, size: 8 }] as const])
    const { archs, others } = readIndex(writeIndex(written), 'x')
    expect(others).toBe(0)
    expect(archs.get('x86_64')).toMatchObject({ digest, size: 7 })
    expect(archs.get('aarch64')).toMatchObject({ digest, size: 8 })
  })

  it('may lead to other things, which are counted', () => {
    const index = { schemaVersion: 2, manifests: [{ mediaType: 'text/plain', digest, size: 1 }] }
    expect(readIndex(Buffer.from(JSON.stringify(index)), 'x')).toMatchObject({ others: 1 })
  })
})
