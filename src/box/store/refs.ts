import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn } from '../../lib/folders.ts'
import { orNull, readShape, record, text } from '../../lib/shape.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/write-file.ts'
import type { BoxArch } from '../model.ts'
import { digestPattern, namePattern, versionPattern } from '../names.ts'
import type { StorePaths } from '../store-paths.ts'

/** What a name leads to. `inputs`: digest of what the box was built from, null where it was not built here. */
export interface Ref {
  name: string
  version: string
  arch: BoxArch
  digest: string
  inputs: string | null
}

const digest = text({ pattern: digestPattern })
const content = record<Pick<Ref, 'digest' | 'inputs'>>({ digest, inputs: orNull(digest) })

export async function writeRef(paths: StorePaths, ref: Ref): Promise<void> {
  const { digest, inputs } = ref
  await writeFileAtomic(paths.ref(ref.name, ref.version, ref.arch), `${JSON.stringify({ digest, inputs })}\n`)
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
