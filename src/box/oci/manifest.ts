import { PosadaError } from '../../errors/index.ts'
import { type Arch, archs } from '../../lib/values/arch.ts'
import { list, oneOf, optional, partOf, readShape, text } from '../../lib/values/shape.ts'
import { boxFiles } from '../box-manifest.ts'
import type { BoxManifest } from '../model.ts'
import type { Extent } from './cut-file.ts'
import { longestChunk } from './cut-file.ts'
import { annotations, type Descriptor, descriptor } from './descriptor.ts'
import { boxAnnotations, chunkAnnotations, mediaTypes } from './media-types.ts'

/** One chunk of a file of the box, and the blob that holds it. */
export interface Chunk extends Extent {
  file: string
  /** Of the plain bytes: lower-case SHA-256 in hexadecimal. */
  sha256: string
  blob: Descriptor
}

/** A box as it lies in a registry. */
export interface Artefact {
  /** Leads to box.json. */
  config: Descriptor
  /** In the order of files and offsets. What no chunk covers is zeros. */
  chunks: Chunk[]
}

/** Chunks that a box may have: 300 GB of them. Registries take manifests of 4 MiB. */
const mostChunks = 20_000

/** The manifest of a box in bytes, the same for the same box. Source: OCI image specification 1.1, "Image Manifest". */
export function writeManifest(box: BoxManifest, { config, chunks }: Artefact): Buffer {
  return toJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: mediaTypes.artefact,
    config: bare(config),
    layers: chunks.map((chunk) => ({
      ...bare(chunk.blob),
      annotations: {
        [chunkAnnotations.file]: chunk.file,
        [chunkAnnotations.offset]: String(chunk.offset),
        [chunkAnnotations.length]: String(chunk.length),
        [chunkAnnotations.digest]: `sha256:${chunk.sha256}`,
      },
    })),
    annotations: {
      [boxAnnotations.title]: box.name,
      [boxAnnotations.version]: box.version,
      [boxAnnotations.description]: box.description,
      [boxAnnotations.arch]: box.arch,
    },
  })
}

const manifestShape = partOf({
  schemaVersion: oneOf([2]),
  mediaType: optional(text({ max: 200 })),
  artifactType: optional(text({ max: 200 }), ''),
  config: descriptor,
  layers: list(descriptor, { max: mostChunks }),
  annotations,
})

/** Reads a manifest that came from a registry. E_BOX_INVALID, which names `shown`. */
export function readManifest(bytes: Buffer, shown: string): Artefact & { arch: Arch | null } {
  const result = readShape(manifestShape, parseJson(bytes, shown))
  if ('flaws' in result) throw malformed(shown, result.flaws)
  const { artifactType, config, layers, annotations: notes } = result.value
  if (artifactType !== mediaTypes.artefact && config.mediaType !== mediaTypes.config)
    throw notABox(shown, config.mediaType)
  const flaws: string[] = []
  const chunks = layers.flatMap((blob, index) => readChunk(blob, `layers.${index}`, flaws) ?? [])
  if (flaws.length > 0) throw malformed(shown, flaws)
  const arch = archs.find((name) => name === notes[boxAnnotations.arch]) ?? null
  return { config, chunks, arch }
}

function readChunk(blob: Descriptor, path: string, flaws: string[]): Chunk | undefined {
  const {
    file = '',
    offset = '',
    length = '',
    digest = '',
  } = Object.fromEntries(Object.entries(chunkAnnotations).map(([key, name]) => [key, blob.annotations[name]]))
  const problem = !/^\d{1,15}$/.test(offset)
    ? 'has no offset'
    : !/^\d{1,9}$/.test(length) || Number(length) === 0 || Number(length) > longestChunk
      ? `has no length between 1 and ${longestChunk} bytes`
      : !/^sha256:[0-9a-f]{64}$/.test(digest)
        ? 'has no digest'
        : blob.size > Number(length) + 65_536
          ? 'is larger packed than unpacked'
          : null
  if (problem !== null) {
    flaws.push(`${path}: ${problem}`)
    return undefined
  }
  return { file, offset: Number(offset), length: Number(length), sha256: digest.slice(7), blob }
}

/**
 * Holds the chunks against box.json: each lies in a file that it names, in order, and none over another.
 * E_BOX_INVALID, which names `shown`.
 */
export function checkChunks(box: BoxManifest, chunks: readonly Chunk[], shown: string): void {
  const sizes = new Map(boxFiles(box).map(({ file, size }) => [file, size]))
  const ends = new Map<string, number>()
  for (const { file, offset, length } of chunks) {
    const size = sizes.get(file)
    const end = offset + length
    if (size === undefined)
      throw malformed(shown, [
        `it has a chunk of ${JSON.stringify(file.slice(0, 100))}, which is not in box.json`,
      ])
    if (end > size) throw malformed(shown, [`it has a chunk past the end of ${file}`])
    if (offset < (ends.get(file) ?? 0)) throw malformed(shown, [`its chunks of ${file} are out of order`])
    ends.set(file, end)
  }
}

/** JSON of at most so much depth as a manifest has; E_BOX_INVALID. */
export function parseJson(bytes: Buffer, shown: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw malformed(shown, ['its manifest is not JSON'])
  }
}

export function toJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value, null, 2))
}

export function malformed(shown: string, details: readonly string[]): PosadaError {
  return new PosadaError('E_BOX_INVALID', `${shown} is not a usable box: ${details[0]}`, {
    value: shown,
    details: details.slice(0, 10),
    hint: 'docs/oci.md describes boxes in registries; posada box push makes them',
  })
}

export function notABox(shown: string, mediaType: string): PosadaError {
  const what = /image|container/.test(mediaType) ? 'a container image' : 'something else'
  return new PosadaError('E_BOX_INVALID', `${shown} is ${what}, not a box`, {
    value: mediaType.slice(0, 100),
    hint: 'push a box with posada box push',
  })
}

export function bare({ mediaType, digest, size }: Descriptor): Omit<Descriptor, 'annotations'> {
  return { mediaType, digest, size }
}
