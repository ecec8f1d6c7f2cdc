import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { makeWorkFolder } from '../../lib/process/work-folder.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { installBox } from '../install/install-box.ts'
import { localMedia } from '../install/media.ts'
import type { Installer } from '../install/model.ts'
import type { BoxManifest, StoredBox } from '../model.ts'
import { nextVersion } from '../names.ts'
import type { InstallRecipe } from '../recipe/install-recipe.ts'
import { type Recipe, readAnyRecipe, recipeFor } from '../recipe/recipe.ts'
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
  /** What a recipe with `install` takes; left out where all are of packages. */
  installing?: { installer: Installer; env: NodeJS.ProcessEnv }
  emit: Emit
  signal: AbortSignal
}

/**
 * Builds a box from packages, or by a system's own installer, and puts it in the store; skips where the store has one
 * made from the same recipe, scripts and architecture. What a killed build leaves is swept by the next. E_BOX_UNKNOWN,
 * E_BOX_ARCH, E_BOX_BUILD, and what installers throw.
 */
export async function buildRecipe(options: BuildRecipeOptions): Promise<StoredBox> {
  const { arch, emit, installing } = options
  const read = await readAnyRecipe(await findRecipe(options.recipe))
  const recipe = read.kind === 'install' ? read : recipeFor(read, arch)
  if (options.name !== undefined && options.name !== recipe.name) throw wrongName(recipe, options.name)
  const step = `box:${recipe.name}`
  if (!recipe.arch.includes(arch)) throw wrongArch(recipe, arch)
  const paths = storePaths(options.store.dir)
  const lib = join(boxesFolder(), 'lib')
  const inputs = await inputsDigest({ ...partsOf(recipe, lib), arch })
  const existing = options.force === true ? null : await findBuilt(paths, { name: recipe.name, arch, inputs })
  if (existing !== null) {
    const message = `${recipe.name}@${existing.manifest.version} was built from the same recipe`
    emit({ type: 'step', status: 'skip', step, message })
    return existing
  }
  if (recipe.kind === 'packages') checkRequirements(arch)
  await sweepBuilds(options.store.dir, installing?.installer)
  emit({ type: 'step', status: 'start', step, message: `building ${recipe.name}` })
  const started = performance.now()
  try {
    const stored = await build({ ...options, recipe, paths, lib, inputs, step })
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

/** What a box is made of, besides its architecture. */
function partsOf(recipe: Recipe | InstallRecipe, lib: string) {
  return recipe.kind === 'packages'
    ? { recipes: recipe.layers.map(({ dir }) => dir), lib }
    : { recipes: [recipe.dir], lib: null, files: localMedia(recipe.install) }
}

interface Building<R> extends Omit<BuildRecipeOptions, 'recipe'> {
  recipe: R
  paths: StorePaths
  lib: string
  inputs: string
  step: string
}

async function build(options: Building<Recipe | InstallRecipe>): Promise<StoredBox> {
  const { recipe, paths, inputs } = options
  options.signal.throwIfAborted()
  const now = new Date()
  const work = await makeWorkFolder(paths.tmp, buildPrefixes.work)
  try {
    const versions = (await listRefs(paths, recipe.name)).map((ref) => ref.version)
    const version = nextVersion(now, versions)
    const manifest =
      recipe.kind === 'install'
        ? await installBox(work, {
            ...options,
            ...wayToInstall(options),
            recipe,
            version,
            downloads: paths.downloads,
          })
        : await packagesBox(work, { ...options, recipe, version, now })
    const box = join(work, 'box')
    await writeFile(join(box, boxJsonName), `${JSON.stringify(manifest, null, 2)}\n`)
    return await placeFolder(paths, box, { inputs, source: null, origin: null })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function wayToInstall({ installing, recipe }: Building<InstallRecipe | Recipe>) {
  if (installing !== undefined) return installing
  throw new Error(`${recipe.name} is installed, and nothing was given that does it`)
}

/** Then the folder `work/box` is the box, with box.json still to write. */
async function packagesBox(
  work: string,
  options: Building<Recipe> & { version: string; now: Date },
): Promise<BoxManifest> {
  const { recipe, arch, now } = options
  // Times in the image are those of the day: two builds of one day differ in little.
  const epoch = Math.floor(now.getTime() / 86_400_000) * 86_400
  // Other ids of the user namespace write there; sticky, so that none removes what is not its own.
  const tmp = await makeWorkFolder(tmpdir(), buildPrefixes.tmp, 0o1777)
  try {
    const { stage, loginKey } = await makeStage(work, { ...options, epoch })
    await mkdir(join(work, 'result'))
    const sources = await aptSources(recipe.suite)
    await runMmdebstrap({ ...options, stage, target: join(work, 'result'), tmp, epoch, sources })
    const box = join(work, 'box')
    await rename(join(work, 'result', resultName), box)
    await writeFile(join(box, 'login.key'), loginKey, { mode: 0o600 })
    return await describeBox(box, { recipe, arch, version: options.version })
  } finally {
    await removeBuildFolder(tmp)
  }
}

function wrongName({ name, dir }: Recipe | InstallRecipe, expected: string): PosadaError {
  return new PosadaError('E_BOX_BUILD', `the recipe in ${dir} is for ${name}, not ${expected}`, {
    value: name,
    hint: `write name: ${expected} into its recipe.yaml`,
  })
}

function wrongArch(recipe: Recipe | InstallRecipe, arch: Arch): PosadaError {
  return new PosadaError(
    'E_BOX_ARCH',
    `the recipe ${recipe.name} is for ${recipe.arch.join(', ')}, not for ${arch}`,
    {
      value: arch,
      hint: `build it with --arch ${recipe.arch.join(' or ')}`,
    },
  )
}
