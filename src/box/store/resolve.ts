import { PosadaError } from '../../errors/index.ts'
import { nearest } from '../../lib/suggest.ts'
import { listRecipes } from '../build/recipes.ts'
import type { BoxArch, StoredBox } from '../model.ts'
import { compareVersions, parseBoxName } from '../names.ts'
import type { StorePaths } from '../store-paths.ts'
import { listRefs } from './refs.ts'
import { readStored } from './verify.ts'

/** The newest box of a name (or the version asked for), whole; see BoxStore.resolve. */
export async function resolveBox(paths: StorePaths, text: string, arch: BoxArch): Promise<StoredBox> {
  const wanted = parseBoxName(text)
  const refs = await listRefs(paths, wanted.name)
  const fitting = refs
    .filter((ref) => ref.arch === arch && (wanted.version === null || ref.version === wanted.version))
    .sort((a, b) => compareVersions(b.version, a.version))
  const [ref] = fitting
  if (ref === undefined) {
    const others = refs.filter((one) => wanted.version === null || one.version === wanted.version)
    if (others.length > 0)
      throw otherArch(
        text,
        arch,
        others.map((one) => one.arch),
      )
    throw await missing(
      paths,
      text,
      wanted,
      refs.map((one) => one.version),
    )
  }
  const stored = await readStored(paths, ref.digest)
  if (stored === null)
    throw new PosadaError('E_BOX_CORRUPT', `the content of the box ${ref.name}@${ref.version} is gone`, {
      value: paths.content(ref.digest),
      hint: `take its name away and get it again: posada box remove ${ref.name}@${ref.version}`,
    })
  return stored
}

/** The very box that a machine was made from, whole, whatever its name leads to now; see BoxStore.byDigest. */
export async function boxByDigest(
  paths: StorePaths,
  { name, version, digest }: { name: string; version: string; digest: string },
): Promise<StoredBox> {
  const stored = await readStored(paths, digest)
  if (stored !== null) return stored
  throw new PosadaError(
    'E_BOX_MISSING',
    `the box ${name}@${version} that the machine was made from is gone`,
    {
      value: paths.content(digest),
      hint: 'the machine cannot start without it; posada destroy, then up, makes it anew from another',
    },
  )
}

function otherArch(text: string, arch: BoxArch, found: readonly string[]): PosadaError {
  return new PosadaError(
    'E_BOX_ARCH',
    `the box ${text} is in the store for ${[...new Set(found)].join(', ')}, not for ${arch}`,
    {
      value: text,
      hint: `set arch: ${found[0]} for the machine, or add the box for ${arch}`,
    },
  )
}

async function missing(
  paths: StorePaths,
  text: string,
  wanted: { name: string; version: string | null },
  versions: string[],
): Promise<PosadaError> {
  const recipes = (await listRecipes()).map((recipe) => recipe.name)
  const stored = (await listRefs(paths)).map((ref) => ref.name)
  const near = nearest(wanted.name, new Set([...stored, ...recipes]))
  const hint =
    versions.length > 0
      ? `the store has these versions of it: ${[...new Set(versions)].sort(compareVersions).join(', ')}`
      : recipes.includes(wanted.name)
        ? `posada box build ${wanted.name}`
        : near !== undefined
          ? `did you mean ${near}?`
          : `boxes that can be built: ${recipes.join(', ')}; posada box list shows those in the store`
  return new PosadaError('E_BOX_MISSING', `the box ${text} is not in the store`, { value: text, hint })
}
