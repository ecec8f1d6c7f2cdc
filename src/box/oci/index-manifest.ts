import { type Arch, archs } from '../../lib/values/arch.ts'
import { count, list, oneOf, optional, partOf, readShape, text } from '../../lib/values/shape.ts'
import { annotations, type Descriptor, digestText } from './descriptor.ts'
import { bare, malformed, parseJson, toJson } from './manifest.ts'
import { mediaTypes, platforms } from './media-types.ts'

/** The manifests of one version of a box by architecture. */
export type ArchManifests = ReadonlyMap<Arch, Descriptor>

/** An index that leads to a box for each architecture. Source: OCI image specification 1.1, "Image Index". */
export function writeIndex(manifests: ArchManifests): Buffer {
  return toJson({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    artifactType: mediaTypes.artefact,
    manifests: [...manifests]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([arch, found]) => ({
        ...bare(found),
        artifactType: mediaTypes.artefact,
        platform: { architecture: platforms[arch], os: 'linux' },
      })),
  })
}

interface Entry extends Descriptor {
  artifactType: string
  platform: { architecture: string }
}

const entry = partOf<Entry>({
  mediaType: text({ max: 200 }),
  digest: digestText,
  size: count(),
  annotations,
  artifactType: optional(text({ max: 200 }), mediaTypes.artefact),
  platform: optional(partOf({ architecture: text({ max: 100 }) }), { architecture: '' }),
})
const indexShape = partOf({
  schemaVersion: oneOf([2]),
  manifests: list(entry, { max: 200 }),
})

/**
 * What an index that came from a registry leads to: boxes by architecture, the first of each, and how many
 * entries are anything else. E_BOX_INVALID.
 */
export function readIndex(bytes: Buffer, shown: string): { archs: ArchManifests; others: number } {
  const result = readShape(indexShape, parseJson(bytes, shown))
  if ('flaws' in result) throw malformed(shown, result.flaws)
  const found = new Map<Arch, Descriptor>()
  for (const one of result.value.manifests) {
    const arch = archs.find((name) => platforms[name] === one.platform.architecture)
    const isBox = one.mediaType === mediaTypes.manifest && one.artifactType === mediaTypes.artefact
    if (arch !== undefined && isBox && !found.has(arch)) found.set(arch, one)
  }
  return { archs: found, others: result.value.manifests.length - found.size }
}
