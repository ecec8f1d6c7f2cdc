import { type Arch, archNamed } from '../../lib/values/arch.ts'
import { normalVersion } from '../../lib/values/box-names.ts'
import { checksumOf } from '../../lib/values/checksum.ts'
import { type Flaw, list, optional, orNull, partOf, readShape, text } from '../../lib/values/shape.ts'
import { sourceLimit } from '../source/parse-source.ts'
import type { Catalogue, CatalogueImage, CatalogueVersion } from './model.ts'

interface Provider {
  name: string
  url: string
  checksum: string | null
  checksum_type: string | null
  architecture: string | null
}
interface Version {
  version: string
  status: string | null
  providers: Provider[]
}

const word = optional(orNull(text({ max: 300 })), null)
const vagrant = partOf<{ name: string; versions: Version[] }>({
  name: text({ max: 200 }),
  versions: list(
    partOf<Version>({
      version: text({ max: 100 }),
      status: word,
      providers: list(
        partOf<Provider>({
          name: text({ max: 100 }),
          url: text({ max: sourceLimit }),
          checksum: word,
          checksum_type: word,
          architecture: word,
        }),
      ),
    }),
    { max: 10_000 },
  ),
})

/** Vagrant's names for providers whose boxes are made for QEMU and KVM. */
const ours = ['libvirt', 'qemu', 'kvm']
/** Boxes older than Vagrant 2.4 say nothing of their architecture, newer ones may say `unknown`. */
function archOf(architecture: string | null): Arch | null {
  return architecture === null || architecture === 'unknown' ? 'x86_64' : archNamed(architecture)
}

/**
 * The metadata of one box as Vagrant's catalogues and private servers give it: versions, providers,
 * checksums. Versions that cannot be read are passed over, and those that were withdrawn.
 * Source: Vagrant's documentation, "Box File Format", Catalog Metadata.
 */
export function vagrantCatalogue(
  data: unknown,
  base: string | undefined,
): { value: Catalogue } | { flaws: Flaw[] } {
  const result = readShape(vagrant, data)
  if ('flaws' in result) return result
  const { name, versions } = result.value
  const usable = versions.filter(({ status }) => status === null || status === 'active')
  const read = usable.flatMap(({ version: written, providers }): CatalogueVersion[] => {
    const version = normalVersion(written)
    if (version === null) return []
    const images = providers
      .filter((one) => ours.includes(one.name))
      .sort((a, b) => ours.indexOf(a.name) - ours.indexOf(b.name))
      .flatMap((one) => imageOf(one, { name, version, base }))
    return [{ version, images }]
  })
  const others = versions.flatMap(({ providers }) => providers.map((one) => one.name))
  const foreign = [...new Set(others)].filter((one) => !ours.includes(one)).slice(0, 10)
  return { value: new Map([[name.toLowerCase(), { name: name.toLowerCase(), versions: read, foreign }]]) }
}

function imageOf(
  { url, checksum, checksum_type: type, architecture }: Provider,
  { name, version, base }: { name: string; version: string; base: string | undefined },
): CatalogueImage[] {
  const arch = archOf(architecture)
  if (arch === null || !URL.canParse(url, base)) return []
  return [
    {
      arch,
      url: new URL(url, base).href,
      checksum: checksumOf(type ?? '', checksum ?? ''),
      checksums: null,
      facts: { name, version, arch },
    },
  ]
}
