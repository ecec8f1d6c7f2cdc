import { dirname, join, resolve } from 'node:path'
import { type Arch, archs } from '../../lib/values/arch.ts'
import { namePattern, userPattern } from '../../lib/values/box-names.ts'
import {
  list,
  oneOf,
  optional,
  orNull,
  record,
  type Shape,
  shape,
  text,
  truth,
} from '../../lib/values/shape.ts'
import { parseSize } from '../../lib/values/units.ts'
import { type RecipeFile, readRecipeFile, readRecipeShape, wrong } from './recipe-file.ts'
import { findRecipe } from './recipes.ts'

/** What is needed to make a box; docs/recipes.md explains each. Sizes are bytes. */
export interface Recipe {
  /** The folder of recipe.yaml. */
  dir: string
  /** What the root filesystem is changed by, in this order: that of the recipe that it is made from first. */
  layers: Layer[]
  name: string
  description: string
  arch: Arch[]
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

/** What one recipe's folder does to the root filesystem: its files, its `prepare.sh`, and these commands. */
export interface Layer {
  dir: string
  /** Shell text each, run by root in the new root. */
  run: string[]
}

/** As it stands in a file. */
type Whole = Omit<Recipe, 'dir' | 'layers'> & { run: string[] }
interface Derived extends Pick<Whole, 'name' | 'packages' | 'run'> {
  from: string
  description?: string
  disk?: number
  minMemory?: number
}

const size = shape('not a size such as 512MiB', (value) => {
  const parsed = typeof value === 'string' ? parseSize(value) : undefined
  return parsed !== undefined && 'value' in parsed ? parsed.value : undefined
})
const word = text({ pattern: /^[A-Za-z0-9][A-Za-z0-9+._:-]*$/, problem: 'not a plain word' })
const name = text({ pattern: namePattern, problem: 'not a name like debian/12' })
const run = optional(list(text({ max: 20_000 }), { max: 100 }), [])

const whole: Shape<Whole> = record<Whole>({
  name,
  description: text({ max: 500 }),
  arch: list(oneOf(archs), { min: 1 }),
  suite: word,
  variant: oneOf(['extract', 'custom', 'essential', 'apt', 'minbase']),
  packages: list(word, { min: 1 }),
  disk: size,
  kernel: optional(
    orNull(record<NonNullable<Recipe['kernel']>>({ cmdline: text({ max: 1500 }), modules: list(word) })),
    null,
  ),
  firmware: optional(orNull(oneOf(['bios'])), null),
  login: record<Recipe['login']>({ user: text({ pattern: userPattern, problem: 'not a user name' }) }),
  announcesReady: optional(truth(), true),
  agent: optional(truth(), false),
  minMemory: size,
  run,
})

const derived: Shape<Derived> = record<Derived>({
  name,
  from: text({ max: 1000 }),
  description: optional(text({ max: 500 })),
  packages: optional(list(word), []),
  disk: optional(size),
  minMemory: optional(size),
  run,
})

/** Recipes that may lie one over another. */
const deepest = 8

/** Reads `<dir>/recipe.yaml`, and what it is made from. E_BOX_BUILD says what is wrong, and where. */
export function readRecipe(dir: string): Promise<Recipe> {
  return read(dir, [])
}

async function read(dir: string, above: readonly string[]): Promise<Recipe> {
  const file = await readRecipeFile(join(dir, 'recipe.yaml'))
  if (!('from' in Object(file.data))) {
    const { run, ...own } = readRecipeShape(file, whole)
    return { dir, layers: [{ dir, run }], ...own }
  }
  const own = readRecipeShape(file, derived)
  const base = await read(await findBase(file, own.from, above), [...above, dir])
  return over(base, own, dir)
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

function over(base: Recipe, own: Derived, dir: string): Recipe {
  return {
    ...base,
    dir,
    layers: [...base.layers, { dir, run: own.run }],
    name: own.name,
    description: own.description ?? `made from ${base.name}`,
    packages: [...new Set([...base.packages, ...own.packages])],
    disk: own.disk ?? base.disk,
    minMemory: own.minMemory ?? base.minMemory,
  }
}
