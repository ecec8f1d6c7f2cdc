import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn } from '../../lib/files/folders.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { type Arch, archs } from '../../lib/values/arch.ts'
import { digestPattern, namePattern, userPattern, versionPattern } from '../../lib/values/box-names.ts'
import { checksumText, parseChecksum } from '../../lib/values/checksum.ts'
import { oneOf, optional, orNull, parseShape, record, shape, text } from '../../lib/values/shape.ts'
import type { BoxOrigin, OriginFacts } from '../source/model.ts'
import { sourceLimit } from '../source/parse-source.ts'
import type { StorePaths } from '../store-paths.ts'

/** Where a box came from. Both null: it was built here, or added from a file. */
export interface RefOrigin {
  /** What the user named it by, as `sourceText` gives it: `https://…`, `oci://…`, `./shop.tar`. */
  source: string | null
  origin: BoxOrigin | null
}

/** What a name leads to. */
export interface Ref extends RefOrigin {
  name: string
  version: string
  arch: Arch
  digest: string
  /** Digest of what the box was built from; null where it was not built here. */
  inputs: string | null
  /**
   * Whether it is found by its name. False: it was named by its source, and what it calls itself is its own
   * claim, which must not come before what others call so.
   */
  bearsName: boolean
}

/** Where a ref is written: several boxes may call themselves the same, but only one bears the name. */
export type RefSlot = Pick<Ref, 'name' | 'version' | 'arch' | 'bearsName' | 'source'>

type Content = Omit<Ref, 'name' | 'version' | 'arch' | 'bearsName'>

const digest = text({ pattern: digestPattern })
const address = text({ max: sourceLimit })
const checksum = shape('not a checksum', (value) =>
  typeof value === 'string' ? (parseChecksum(value) ?? undefined) : undefined,
)
const facts = record<OriginFacts>({
  description: optional(text({ max: 500 })),
  user: optional(text({ pattern: userPattern })),
  firmware: optional(oneOf(['bios', 'uefi'])),
  image: optional(oneOf(['qcow2', 'raw'])),
})
const origin = record<BoxOrigin>({ url: address, checksum: orNull(checksum), facts: optional(facts) })
const content = record<Content>({
  digest,
  inputs: orNull(digest),
  source: optional(orNull(address), null),
  origin: optional(orNull(origin), null),
})

export async function writeRef(paths: StorePaths, ref: Ref): Promise<void> {
  const { digest, inputs, source, origin } = ref
  const written = origin && { ...origin, checksum: origin.checksum && checksumText(origin.checksum) }
  const json = JSON.stringify({ digest, inputs, source, origin: written })
  await writeFileAtomic(pathOf(paths, ref), `${json}\n`)
}

export async function removeRef(paths: StorePaths, ref: RefSlot): Promise<void> {
  await rm(pathOf(paths, ref), { force: true })
}

/** Every ref, or those of one name. What cannot be a ref is passed over: others may have left it there. */
export async function listRefs(paths: StorePaths, name?: string): Promise<Ref[]> {
  const places = (await namesIn(paths.places)).filter((one) => /^[0-9a-f]{32}$/.test(one)).sort()
  const refs: Ref[] = []
  for (const place of [null, ...places]) {
    const names = name === undefined ? await allNames(paths, place) : [name]
    for (const one of names)
      for (const version of (await namesIn(paths.refsOf(place, one))).filter((text) =>
        versionPattern.test(text),
      ))
        for (const arch of archs) {
          const ref = await readRef(paths, place, { name: one, version, arch })
          if (ref !== null) refs.push(ref)
        }
  }
  return refs
}

/** What is written in just this place. */
export async function findRef(paths: StorePaths, slot: RefSlot): Promise<Ref | null> {
  const { name, version, arch } = slot
  return readRef(paths, placeOf(slot), { name, version, arch })
}

function pathOf(paths: StorePaths, slot: RefSlot): string {
  return paths.ref(placeOf(slot), slot)
}

/** A file name that says nothing of the source. */
function placeOf({ bearsName, source }: Pick<Ref, 'bearsName' | 'source'>): string | null {
  if (bearsName || source === null) return null
  return createHash('sha256').update(source).digest('hex').slice(0, 32)
}

async function allNames(paths: StorePaths, place: string | null): Promise<string[]> {
  const top = place === null ? paths.refs : join(paths.places, place)
  const names: string[] = []
  for (const group of (await namesIn(top)).sort())
    for (const one of (await namesIn(join(top, group))).sort())
      if (namePattern.test(`${group}/${one}`)) names.push(`${group}/${one}`)
  return names
}

async function readRef(
  paths: StorePaths,
  place: string | null,
  { name, version, arch }: Pick<Ref, 'name' | 'version' | 'arch'>,
): Promise<Ref | null> {
  const known = parseShape(content, await readTextIfThere(paths.ref(place, { name, version, arch })))
  return known === null ? null : { name, version, arch, ...known, bearsName: place === null }
}
