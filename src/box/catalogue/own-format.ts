import { type Arch, ofEachArch } from '../../lib/values/arch.ts'
import { namePattern, normalVersion, userPattern } from '../../lib/values/box-names.ts'
import { type Checksum, parseChecksum } from '../../lib/values/checksum.ts'
import {
  type Flaw,
  list,
  mapOf,
  oneOf,
  optional,
  readShape,
  record,
  type Shape,
  shape,
  text,
} from '../../lib/values/shape.ts'
import { sourceLimit } from '../source/parse-source.ts'
import type { Catalogue, CatalogueImage } from './model.ts'

interface WrittenImage {
  url: string
  checksum?: Checksum
  checksums?: string
  firmware?: 'bios' | 'uefi'
  image?: 'qcow2' | 'raw'
}
interface WrittenVersion {
  version?: string
  images: Partial<Record<Arch, WrittenImage>>
}
interface WrittenBox {
  description: string
  user?: string
  versions: WrittenVersion[]
}

const address = text({ max: sourceLimit, pattern: /^\S+$/, problem: 'not an address' })
const checksum = shape('not sha256: or sha512: and its digits', (value) =>
  typeof value === 'string' ? (parseChecksum(value) ?? undefined) : undefined,
)
const version = shape('not a version like 20261122.1', (value) =>
  typeof value === 'string' ? (normalVersion(value) ?? undefined) : undefined,
)
const image: Shape<WrittenImage> = record<WrittenImage>({
  url: address,
  checksum: optional(checksum),
  checksums: optional(address),
  firmware: optional(oneOf(['bios', 'uefi'])),
  image: optional(oneOf(['qcow2', 'raw'])),
})
const box = record<WrittenBox>({
  description: text({ max: 500 }),
  user: optional(text({ pattern: userPattern, problem: 'not a user name' })),
  versions: list(
    record<WrittenVersion>({
      version: optional(version),
      images: record<WrittenVersion['images']>(ofEachArch(optional(image))),
    }),
    { min: 1, max: 10_000 },
  ),
})
const catalogue = record<{ format: 1; boxes: Map<string, WrittenBox> }>({
  format: oneOf([1]),
  boxes: mapOf(box, { max: 10_000 }),
})

/** Posada's own format: boxes by name, their versions, an image an architecture. docs/boxes.md describes it. */
export function ownCatalogue(
  data: unknown,
  base: string | undefined,
): { value: Catalogue } | { flaws: Flaw[] } {
  const result = readShape(catalogue, data)
  if ('flaws' in result) return result
  const { boxes } = result.value
  const wrong = [...boxes.keys()].find((name) => !namePattern.test(name))
  if (wrong !== undefined) return { flaws: [`boxes: '${wrong.slice(0, 100)}' is not a name like debian/12`] }
  const flaws: Flaw[] = []
  const value: Catalogue = new Map()
  for (const [name, written] of boxes) {
    const versions = written.versions.map(({ version = null, images }) => ({
      version,
      images: Object.entries(images).flatMap(([arch, one]) => {
        const read = readImage(arch as Arch, one, { name, version, base, written })
        if (typeof read !== 'string') return [read]
        flaws.push(`boxes.${name}: ${read}`)
        return []
      }),
    }))
    value.set(name, { name, versions, foreign: [] })
  }
  return flaws.length > 0 ? { flaws } : { value }
}

function readImage(
  arch: Arch,
  { url, checksum = undefined, checksums, firmware, image }: WrittenImage,
  of: { name: string; version: string | null; base: string | undefined; written: WrittenBox },
): CatalogueImage | string {
  const addresses = [url, checksums].map((one) => (one === undefined ? null : absolute(one, of.base)))
  const [at, sums = null] = addresses
  if (at === null || at === undefined) return `'${url.slice(0, 100)}' is not an address`
  if (checksums !== undefined && sums === null) return `'${checksums.slice(0, 100)}' is not an address`
  return {
    arch,
    url: at,
    checksum: checksum ?? null,
    checksums: sums,
    facts: {
      name: of.name,
      arch,
      description: of.written.description,
      ...(of.version === null ? {} : { version: of.version }),
      ...(of.written.user === undefined ? {} : { user: of.written.user }),
      ...(firmware === undefined ? {} : { firmware }),
      ...(image === undefined ? {} : { image }),
    },
  }
}

function absolute(address: string, base: string | undefined): string | null {
  if (address.startsWith('oci://')) return address
  return URL.canParse(address, base) ? new URL(address, base).href : null
}
