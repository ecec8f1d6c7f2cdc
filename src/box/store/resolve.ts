import { PosadaError } from '../../errors/index.ts'
import { nearest } from '../../lib/text/suggest.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import type { StoredBox } from '../model.ts'
import { compareVersions } from '../names.ts'
import { listRecipes } from '../recipe/recipes.ts'
import { fits } from '../source/constraint.ts'
import type { NamedSource } from '../source/model.ts'
import { parseBoxSource, sourceText } from '../source/parse-source.ts'
import type { StorePaths } from '../store-paths.ts'
import { findBox } from './find.ts'
import { listRefs } from './refs.ts'
import { readStored } from './verify.ts'

/** The newest box in the store that a text names, whole; see BoxStore.resolve. */
export async function resolveBox(paths: StorePaths, text: string, arch: Arch): Promise<StoredBox> {
  const source = parseBoxSource(text, '/')
  const found = await findBox(paths, source, { arch })
  if (found !== null) return found
  if (source.kind !== 'name')
    throw new PosadaError('E_BOX_MISSING', `the box ${sourceText(source)} is not in the store`, {
      value: sourceText(source),
      hint: `posada box add ${sourceText(source)}`,
    })
  const refs = (await listRefs(paths, source.name)).filter(
    (one) => one.bearsName && fits(one.version, source.wanted),
  )
  if (refs.length > 0)
    throw otherArch(
      text,
      arch,
      refs.map((one) => one.arch),
    )
  throw await missing(paths, source)
}

/** The very box that a machine was made from, whole, whatever its name leads to now; see BoxStore.byDigest. */
export async function boxByDigest(
  paths: StorePaths,
  { name, version, digest }: { name: string; version: string; digest: string },
): Promise<StoredBox> {
  const stored = await readStored(paths, digest)
  if (stored !== null) return stored
  throw new PosadaError('E_BOX_MISSING', `the machine’s box ${name}@${version} is not in the store`, {
    value: paths.content(digest),
    hint: 'the machine cannot start without it; recreate it from another box: posada destroy, then posada up',
  })
}

function otherArch(text: string, arch: Arch, found: readonly string[]): PosadaError {
  return new PosadaError(
    'E_BOX_ARCH',
    `the box ${text} is in the store for ${[...new Set(found)].join(', ')}, not for ${arch}`,
    {
      value: text,
      hint: `set arch: ${found[0]} for the machine, or get the box for ${arch}: posada box add, or posada box build --arch ${arch}`,
    },
  )
}

async function missing(paths: StorePaths, source: NamedSource): Promise<PosadaError> {
  const { name } = source
  const recipes = (await listRecipes()).map((recipe) => recipe.name)
  const offered = [...(await builtInCatalogue()).keys()]
  const all = await listRefs(paths)
  const stored = all.filter(({ bearsName }) => bearsName)
  const claims = all.find((ref) => !ref.bearsName && ref.name === name)
  const versions = new Set(stored.filter((ref) => ref.name === name).map(({ version }) => version))
  const near = nearest(name, new Set([...stored.map((ref) => ref.name), ...recipes, ...offered]))
  const hint =
    versions.size > 0
      ? `versions in the store: ${[...versions].sort(compareVersions).join(', ')}`
      : recipes.includes(name)
        ? `posada box build ${name}`
        : claims !== undefined
          ? `the box from ${claims.source} has this name; to use it under it: posada box add ${claims.source}`
          : near !== undefined
            ? `did you mean ${near}?`
            : 'posada box search shows what is available'
  const text = sourceText(source)
  return new PosadaError('E_BOX_MISSING', `the box ${text} is not in the store`, { value: text, hint })
}
