import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { makeWorkFolder } from '../../lib/process/work-folder.ts'
import type { Arch } from '../../lib/values/arch.ts'
import type { StoredBox } from '../model.ts'
import { nextVersion } from '../names.ts'
import { type Recipe, readRecipe, recipeFor } from '../recipe/recipe.ts'
import { boxesFolder, findRecipe } from '../recipe/recipes.ts'
import { findBuilt } from '../store/find.ts'
import { placeFolder } from '../store/place.ts'
import { listRefs } from '../store/refs.ts'
import type { BoxStore } from '../store.ts'
import { boxJsonName, type StorePaths, storePaths } from '../store-paths.ts'
import { aptSources } from './apt-sources.ts'
import { describeBox } from './describe-box.ts'
import { inputsDigest } from './inputs.ts'
import { runMmdebstrap } from './mmdebstrap.ts'
import { removeBuildFolder } from './remove-build-folder.ts'
import { checkRequirements } from './requirements.ts'
import { makeStage, resultName } from './stage.ts'
import { buildPrefixes, sweepBuilds } from './sweep-builds.ts'

export interface BuildRecipeOptions {
  /** Name of a recipe that comes with Posada, or path of a recipe's folder. */
  recipe: string
  /** The name that the recipe has to have; any where absent. */
  name?: string
  store: BoxStore
  arch: Arch
  /** Builds although the store has a box made from the same inputs. */
  force?: boolean
  emit: Emit
  signal: AbortSignal
}

/**
 * Builds a box and puts it in the store; skips where the store has one made from the same recipe,
 * scripts and architecture. What a killed build leaves is swept by the next. E_BOX_UNKNOWN,
 * E_BOX_ARCH, E_BOX_BUILD.
 */
export async function buildRecipe(options: BuildRecipeOptions): Promise<StoredBox> {
  const { arch, emit, signal } = options
  const recipe = recipeFor(await readRecipe(await findRecipe(options.recipe)), arch)
  if (options.name !== undefined && options.name !== recipe.name) throw wrongName(recipe, options.name)
  const step = `box:${recipe.name}`
  if (!recipe.arch.includes(arch)) throw wrongArch(recipe, arch)
  const paths = storePaths(options.store.dir)
  const lib = join(boxesFolder(), 'lib')
  const inputs = await inputsDigest({ recipes: recipe.layers.map(({ dir }) => dir), lib, arch })
  const existing = options.force === true ? null : await findBuilt(paths, { name: recipe.name, arch, inputs })
  if (existing !== null) {
    const message = `${recipe.name}@${existing.manifest.version} was built from the same recipe`
    emit({ type: 'step', status: 'skip', step, message })
    return existing
  }
  checkRequirements(arch)
  await sweepBuilds(options.store.dir)
  emit({ type: 'step', status: 'start', step, message: `building ${recipe.name}` })
  const started = performance.now()
  try {
    const stored = await build({ recipe, paths, lib, inputs, arch, emit, signal, step })
    const message = `built ${recipe.name}@${stored.manifest.version}`
    emit({ type: 'step', status: 'done', step, message, ms: performance.now() - started })
    return stored
  } catch (error) {
    emit({
      type: 'step',
      status: 'fail',
      step,
      message: `building ${recipe.name}`,
      ms: performance.now() - started,
    })
    throw error
  }
}

async function build(options: {
  recipe: Recipe
  paths: StorePaths
  lib: string
  inputs: string
  arch: Arch
  emit: Emit
  signal: AbortSignal
  step: string
}): Promise<StoredBox> {
  const { recipe, paths, inputs, arch } = options
  options.signal.throwIfAborted()
  const now = new Date()
  // Times in the image are those of the day: two builds of one day differ in little.
  const epoch = Math.floor(now.getTime() / 86_400_000) * 86_400
  const work = await makeWorkFolder(paths.tmp, buildPrefixes.work)
  // Other ids of the user namespace write there; sticky, so that none removes what is not its own.
  const tmp = await makeWorkFolder(tmpdir(), buildPrefixes.tmp, 0o1777)
  try {
    const { stage, loginKey } = await makeStage(work, { recipe, arch, lib: options.lib, inputs, epoch })
    await mkdir(join(work, 'result'))
    const sources = await aptSources(recipe.suite)
    await runMmdebstrap({ ...options, stage, target: join(work, 'result'), tmp, epoch, sources })
    const box = join(work, 'box')
    await rename(join(work, 'result', resultName), box)
    await writeFile(join(box, 'login.key'), loginKey, { mode: 0o600 })
    const refs = await listRefs(paths, recipe.name)
    const version = nextVersion(
      now,
      refs.map((ref) => ref.version),
    )
    const manifest = await describeBox(box, { recipe, arch, version })
    await writeFile(join(box, boxJsonName), `${JSON.stringify(manifest, null, 2)}\n`)
    return await placeFolder(paths, box, { inputs, source: null, origin: null })
  } finally {
    await rm(work, { recursive: true, force: true })
    await removeBuildFolder(tmp)
  }
}

function wrongName({ name, dir }: Recipe, expected: string): PosadaError {
  return new PosadaError('E_BOX_BUILD', `the recipe in ${dir} is for ${name}, not ${expected}`, {
    value: name,
    hint: `write name: ${expected} into its recipe.yaml`,
  })
}

function wrongArch(recipe: Recipe, arch: Arch): PosadaError {
  return new PosadaError(
    'E_BOX_ARCH',
    `the recipe ${recipe.name} is for ${recipe.arch.join(', ')}, not for ${arch}`,
    {
      value: arch,
      hint: `build it with --arch ${recipe.arch.join(' or ')}`,
    },
  )
}
