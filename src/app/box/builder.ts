import type { BoxStore } from '../../box/index.ts'
import type { Emit } from '../../events/index.ts'
import type { BuildBox } from '../../machine/index.ts'
import type { UserPaths } from '../../project/index.ts'
import { boxBudget, keepBudget } from './budget.ts'

/** Builds boxes of recipes into a store; what that needs is loaded when it is asked for. */
export function boxBuilder(context: {
  store: BoxStore
  user: UserPaths
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}): BuildBox {
  const { store, emit, signal, env } = context
  return async ({ name, folder }, arch) => {
    boxBudget(env)
    const { buildRecipe } = await import('../../box/index.ts')
    const { ownInstaller } = await import('./installer.ts')
    const installing = { installer: ownInstaller(context), env }
    const box = await buildRecipe({ store, emit, signal, recipe: folder, name, arch, installing })
    await keepBudget({ ...context, spare: box.digest })
    return box
  }
}
