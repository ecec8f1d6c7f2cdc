import { dirname, join, resolve } from 'node:path'
import type { PosadaError } from '../../errors/index.ts'
import { type Arch, archs, ofEachArch } from '../../lib/values/arch.ts'
import { asObject } from '../../lib/values/as-object.ts'
import { namePattern, userPattern } from '../../lib/values/box-names.ts'
import { list, oneOf, optional, orNull, record, type Shape, text, truth } from '../../lib/values/shape.ts'
import { type InstallRecipe, readInstallRecipe } from './install-recipe.ts'
import { type RecipeFile, readRecipeFile, readRecipeShape, wrong } from './recipe-file.ts'
import { findRecipe } from './recipes.ts'
import { sizeShape } from './size-shape.ts'

/** What is needed to make a box; docs/recipes.md explains each. Sizes are bytes. */
export interface Recipe {
  kind: 'packages'
  /** The folder of recipe.yaml. */
  dir: string
  /** What the root filesystem is changed by, in this order: that of the recipe that it is made from first. */
  layers: Layer[]
  name: string
  description: string
  arch: Arch[]
  /** What only those of one architecture have. */
  forArch: ForArch
  /** Debian's release: `bookworm`. */
  suite: string
  /** mmdebstrap's: `extract` only unpacks, the others configure. */
  variant: 'extract' | 'custom' | 'essential' | 'apt' | 'minbase'
  packages: string[]
  disk: number
  kernel: { cmdline: string; modules: string[] } | null
  firmware: 'bios' | null
  login: { user: string }
  announcesReady: boolean
  agent: boolean
  minMemory: number
}

/** Packages, and modules that the initrd loads after the others. */
type ForArch = { [A in Arch]?: { packages: string[]; modules: string[] } }

/** What one recipe's folder does to the root filesystem: its files, its `prepare.sh`, and these commands. */
export interface Layer {
  dir: string
  /** Shell text each, run by root in the new root. */
  run: string[]
}

/** As it stands in a file, or in a file and in those that it is made from. */
interface Written extends Partial<Omit<Recipe, 'kind' | 'dir' | 'layers' | 'packages' | 'forArch'>> {
  from?: string
  packages: string[]
  forArch: ForArch
  run: string[]
}

const word = text({ pattern: /^[A-Za-z0-9][A-Za-z0-9+._:-]*$/, problem: 'not a plain word' })
const name = text({ pattern: namePattern, problem: 'not a name like debian/12' })

const ofOneArch = record<NonNullable<ForArch[Arch]>>({
  packages: optional(list(word), []),
  modules: optional(list(word), []),
})

const written: Shape<Written> = record<Written>({
  from: optional(text({ max: 1000 })),
  name: optional(name),
  description: optional(text({ max: 500 })),
  arch: optional(list(oneOf(archs), { min: 1 })),
  forArch: optional(record<ForArch>(ofEachArch(optional(ofOneArch))), {}),
  suite: optional(word),
  variant: optional(oneOf(['extract', 'custom', 'essential', 'apt', 'minbase'])),
  packages: optional(list(word), []),
  disk: optional(sizeShape),
  kernel: optional(
    orNull(record<NonNullable<Recipe['kernel']>>({ cmdline: text({ max: 1500 }), modules: list(word) })),
  ),
  firmware: optional(orNull(oneOf(['bios']))),
  login: optional(
    record<Recipe['login']>({ user: text({ pattern: userPattern, problem: 'not a user name' }) }),
  ),
  announcesReady: optional(truth()),
  agent: optional(truth()),
  minMemory: optional(sizeShape),
  run: optional(list(text({ max: 20_000 }), { max: 100 }), []),
})

/** What a system is; a recipe says it where the one that it is made from does not. */
const saidOnce = [
  'arch',
  'suite',
  'variant',
  'kernel',
  'firmware',
  'login',
  'announcesReady',
  'agent',
] as const
const needed = ['name', 'description', 'arch', 'suite', 'variant', 'disk', 'login', 'minMemory'] as const

/** Recipes that may lie one over another. */
const deepest = 8

/** Reads `<dir>/recipe.yaml`, of either kind. E_BOX_BUILD says what is wrong, and where. */
export async function readAnyRecipe(dir: string): Promise<Recipe | InstallRecipe> {
  const file = await readRecipeFile(join(dir, 'recipe.yaml'))
  return asObject(file.data).install === undefined ? readRecipe(dir) : readInstallRecipe(dir, file)
}

/** The recipe of a box that is made from packages, with those that it is made from. E_BOX_BUILD. */
export async function readRecipe(dir: string): Promise<Recipe> {
  const { file, keys, layers } = await read(dir, [])
  if (isComplete(keys)) {
    const { from, run, ...own } = keys
    return {
      kind: 'packages',
      kernel: null,
      firmware: null,
      announcesReady: true,
      agent: false,
      ...own,
      dir,
      layers,
    }
  }
  const missing = needed.filter((key) => keys[key] === undefined)
  throw flawed(file, missing.length > 0 ? missing : ['packages'], 'is missing')
}

function isComplete(keys: Written): keys is Written & Required<Pick<Written, (typeof needed)[number]>> {
  return keys.packages.length > 0 && needed.every((key) => keys[key] !== undefined)
}

async function read(
  dir: string,
  above: readonly string[],
): Promise<{ file: RecipeFile; keys: Written; layers: Layer[] }> {
  const file = await readRecipeFile(join(dir, 'recipe.yaml'))
  const own = readRecipeShape(file, written)
  const layer = { dir, run: own.run }
  if (own.from === undefined) return { file, keys: own, layers: [layer] }
  const base = await read(await findBase(file, own.from, above), [...above, dir])
  const again = saidOnce.filter((key) => own[key] !== undefined && base.keys[key] !== undefined)
  if (again.length > 0) throw flawed(file, again, `is set by ${own.from} already`)
  return { file, keys: over(base.keys, own), layers: [...base.layers, layer] }
}

function over({ name: below, ...base }: Written, own: Written): Written {
  const description = below === undefined ? {} : { description: `made from ${below}` }
  const packages = [...new Set([...base.packages, ...own.packages])]
  const forArch = Object.fromEntries(archs.map((arch) => [arch, both(base.forArch[arch], own.forArch[arch])]))
  return { ...base, ...description, ...own, packages, forArch }
}

function both(base: ForArch[Arch], own: ForArch[Arch]): NonNullable<ForArch[Arch]> {
  return {
    packages: [...(base?.packages ?? []), ...(own?.packages ?? [])],
    modules: [...(base?.modules ?? []), ...(own?.modules ?? [])],
  }
}

/** A recipe as it is built for an architecture. Pure. */
export function recipeFor(recipe: Recipe, arch: Arch): Recipe {
  const { packages, modules } = both(undefined, recipe.forArch[arch])
  const { kernel } = recipe
  return {
    ...recipe,
    packages: [...recipe.packages, ...packages],
    kernel: kernel === null ? null : { ...kernel, modules: [...kernel.modules, ...modules] },
  }
}

function flawed(file: RecipeFile, keys: readonly string[], problem: string): PosadaError {
  return wrong(
    file.path,
    keys.map((key) => ({ message: `${key}: ${problem}`, place: file.placeOf(key) })),
  )
}

/** By name, or by path from the recipe's own folder. */
async function findBase(file: RecipeFile, from: string, above: readonly string[]): Promise<string> {
  const own = dirname(file.path)
  const base = await findRecipe(/^[./]/.test(from) ? resolve(own, from) : from)
  const problem = [...above, own].includes(base)
    ? 'from: the recipe is based on itself'
    : above.length >= deepest
      ? `from: more than ${deepest} recipes are based on each other`
      : null
  if (problem === null) return base
  throw wrong(file.path, [{ message: problem, place: file.placeOf('from') }])
}
