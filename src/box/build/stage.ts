import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Arch } from '../../lib/values/arch.ts'
import { makeLoginKey } from '../install/login-key.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { stageLayers } from './layers.ts'

/** Folder names that boxes/lib/image.sh knows too. */
export const stageName = 'posada-build'
export const resultName = 'posada-out'

/**
 * Lays out what goes into the new root for the build: the shared scripts, the recipe, its settings,
 * and the public half of a login key made for this box. Returns the private half in OpenSSH's format.
 */
export async function makeStage(
  work: string,
  options: { recipe: Recipe; arch: Arch; lib: string; inputs: string; epoch: number },
): Promise<{ stage: string; loginKey: string }> {
  const { recipe } = options
  const stage = join(work, stageName)
  await mkdir(stage)
  await cp(options.lib, join(stage, 'lib'), { recursive: true })
  await stageLayers(join(stage, 'recipe'), recipe.layers)
  const key = await makeLoginKey(work, recipe.name)
  await writeFile(join(stage, 'login.pub'), `${key.public}\n`)
  await writeFile(join(stage, 'settings.sh'), settings(recipe, options))
  return { stage, loginKey: key.private }
}

/** Shell assignments for boxes/lib/image.sh. The schema lets no quote or newline into the values. */
function settings(
  recipe: Recipe,
  { arch, inputs, epoch }: { arch: Arch; inputs: string; epoch: number },
): string {
  const uuid = [
    inputs.slice(0, 8),
    inputs.slice(8, 12),
    `5${inputs.slice(13, 16)}`,
    `8${inputs.slice(17, 20)}`,
    inputs.slice(20, 32),
  ]
  return [
    `boot=${recipe.kernel === null ? 'bios' : 'kernel'}`,
    `arch=${arch}`,
    `login_user='${recipe.login.user}'`,
    `initrd_modules='${recipe.kernel?.modules.join(' ') ?? ''}'`,
    `disk_size=${recipe.disk}`,
    `disk_uuid=${uuid.join('-')}`,
    `export SOURCE_DATE_EPOCH=${epoch}`,
    '',
  ].join('\n')
}
