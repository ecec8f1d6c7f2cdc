import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn } from '../../lib/folders.ts'
import { optional, orNull, readShape, record, shape, text } from '../../lib/shape.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/write-file.ts'
import type { BoxArch } from '../model.ts'
import { digestPattern, namePattern, versionPattern } from '../names.ts'
import { checksumText, parseChecksum } from '../source/checksum.ts'
import type { BoxOrigin } from '../source/model.ts'
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
  arch: BoxArch
  digest: string
  /** Digest of what the box was built from; null where it was not built here. */
  inputs: string | null
}

type Content = Omit<Ref, 'name' | 'version' | 'arch'>

const digest = text({ pattern: digestPattern })
const address = text({ max: sourceLimit })
const checksum = shape('not a checksum', (value) =>
  typeof value === 'string' ? (parseChecksum(value) ?? undefined) : undefined,
)
const content = record<Content>({
  digest,
  inputs: orNull(digest),
  source: optional(orNull(address), null),
  origin: optional(orNull(record<BoxOrigin>({ url: address, checksum: orNull(checksum) })), null),
})

export async function writeRef(paths: StorePaths, ref: Ref): Promise<void> {
  const { digest, inputs, source, origin } = ref
  const written = origin && { ...origin, checksum: origin.checksum && checksumText(origin.checksum) }
  const json = JSON.stringify({ digest, inputs, source, origin: written })
  await writeFileAtomic(paths.ref(ref.name, ref.version, ref.arch), `${json}\n`)
}

export async function removeRef(paths: StorePaths, ref: Ref): Promise<void> {
  await rm(paths.ref(ref.name, ref.version, ref.arch), { force: true })
}

/** Every ref, or those of one name. What cannot be a ref is passed over: others may have left it there. */
export async function listRefs(paths: StorePaths, name?: string): Promise<Ref[]> {
  const names = name === undefined ? await allNames(paths) : [name]
  const refs: Ref[] = []
  for (const one of names)
    for (const version of (await namesIn(paths.refsOf(one))).filter((text) => versionPattern.test(text)))
      for (const arch of ['x86_64', 'aarch64'] as const) {
        const ref = await readRef(paths, one, version, arch)
        if (ref !== null) refs.push(ref)
      }
  return refs
}

/** The ref of just this name, version and architecture. */
export async function findRef(
  paths: StorePaths,
  { name, version, arch }: Pick<Ref, 'name' | 'version' | 'arch'>,
): Promise<Ref | null> {
  return readRef(paths, name, version, arch)
}

async function allNames(paths: StorePaths): Promise<string[]> {
  const names: string[] = []
  for (const group of (await namesIn(paths.refs)).sort())
    for (const one of (await namesIn(join(paths.refs, group))).sort())
      if (namePattern.test(`${group}/${one}`)) names.push(`${group}/${one}`)
  return names
}

async function readRef(paths: StorePaths, name: string, version: string, arch: BoxArch): Promise<Ref | null> {
  const json = await readTextIfThere(paths.ref(name, version, arch))
  if (json === null) return null
  try {
    const result = readShape(content, JSON.parse(json))
    return 'value' in result ? { name, version, arch, ...result.value } : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
