import { PosadaError } from '../../errors/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { checkUnpacked, unpackLimit } from '../archive/unpack-limit.ts'
import { boxFiles, boxJsonLimit, parseBoxManifest } from '../box-manifest.ts'
import type { BoxManifest } from '../model.ts'
import type { OciSource } from '../source/model.ts'
import { readIndex } from './index-manifest.ts'
import { type Chunk, checkChunks, malformed, notABox, readManifest } from './manifest.ts'
import { mediaTypes, platforms } from './media-types.ts'
import type { FoundManifest, Registry } from './registry.ts'

/** A box in a registry, as far as it can be known without its chunks. All of it is checked. */
export interface RemoteBox {
  /** Of what tag or digest lead to, which may be an index: `sha256:…`. */
  digest: string
  /** Of its own manifest. */
  manifestDigest: string
  /** box.json, whose SHA-256 is the box's digest. */
  json: Buffer
  box: BoxManifest
  chunks: Chunk[]
}

/**
 * Finds the box of an architecture in a registry. E_BOX_MISSING, E_BOX_ARCH, E_BOX_INVALID, E_TRANSFER,
 * E_CHECKSUM, E_REGISTRY_AUTH.
 */
export async function resolveRemote(
  registry: Registry,
  { tag, digest }: Pick<OciSource, 'tag' | 'digest'>,
  { arch, shown }: { arch: Arch; shown: string },
): Promise<RemoteBox> {
  const found = await registry.manifest(digest ?? tag ?? 'latest')
  if (found === null)
    throw new PosadaError('E_BOX_MISSING', `${shown} is not in the registry`, {
      value: shown,
      hint: 'check the name and the tag; registries may hide what requires a login',
    })
  const manifest = await manifestFor(registry, found, { arch, shown })
  const { config, chunks } = readManifest(manifest.bytes, shown)
  if (config.size > boxJsonLimit) throw malformed(shown, [`its box.json is too large (${config.size} bytes)`])
  const json = await registry.blob(config)
  const box = parseBoxManifest(json.toString('utf8'), shown)
  if (box.arch !== arch) throw otherArch(shown, arch, [box.arch])
  checkChunks(box, chunks, shown)
  const packed = chunks.reduce((sum, { blob }) => sum + blob.size, 0)
  const whole = boxFiles(box).reduce((sum, { size }) => sum + size, 0)
  checkUnpacked(shown, whole, unpackLimit(packed))
  return { digest: found.digest, manifestDigest: manifest.digest, json, box, chunks }
}

async function manifestFor(
  registry: Registry,
  found: FoundManifest,
  { arch, shown }: { arch: Arch; shown: string },
): Promise<FoundManifest> {
  if (found.mediaType !== mediaTypes.index) return found
  const { archs, others } = readIndex(found.bytes, shown)
  const wanted = archs.get(arch)
  if (archs.size === 0 && others > 0) throw notABox(shown, found.mediaType)
  if (wanted === undefined) throw otherArch(shown, arch, [...archs.keys()])
  const manifest = await registry.manifest(wanted.digest, wanted.size)
  if (manifest !== null) return manifest
  throw malformed(shown, [`its manifest for ${platforms[arch]} is not in the registry`])
}

function otherArch(shown: string, arch: Arch, found: readonly Arch[]): PosadaError {
  return new PosadaError(
    'E_BOX_ARCH',
    `${shown} is available for ${found.join(', ') || 'no architecture'}, not for ${arch}`,
    {
      value: shown,
      hint:
        found[0] === undefined
          ? 'push it: posada box push'
          : `set arch: ${found[0]} for the machine, or push it for ${arch}`,
    },
  )
}
