import { buildRecipe } from '../../box/index.ts'
import type { Emit } from '../../events/index.ts'
import { type Arch, hostArch } from '../../lib/values/arch.ts'
import { boxBudget, keepBudget } from './budget.ts'
import { ownInstaller } from './installer.ts'
import { type BoxResult, boxResult } from './result.ts'
import { userBoxes } from './user-boxes.ts'

export interface BuildOptions {
  recipe: string
  /** Undefined: this host's. */
  arch: Arch | undefined
  force: boolean
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Builds a box and puts it in the store. */
export async function buildBox({
  recipe,
  arch = hostArch(),
  force,
  env,
  emit,
  signal,
}: BuildOptions): Promise<BoxResult> {
  boxBudget(env)
  const { store, user } = userBoxes(env)
  const installing = { installer: ownInstaller({ user, env, emit, signal }), env }
  const box = await buildRecipe({ recipe, store, arch, force, emit, signal, installing })
  await keepBudget({ store, user, env, emit, spare: box.digest })
  return boxResult(box)
}
