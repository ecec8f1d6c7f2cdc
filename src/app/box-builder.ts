import type { BoxStore } from '../box/index.ts'
import type { Emit } from '../events/index.ts'
import type { BuildBox } from '../machine/project.ts'

/** Builds boxes of recipes into a store; what that needs is loaded when it is asked for. */
export function boxBuilder(context: { store: BoxStore; emit: Emit; signal: AbortSignal }): BuildBox {
  return async ({ name, folder }, arch) => {
    const { buildBox } = await import('../box/index.ts')
    return buildBox({ ...context, recipe: folder, name, arch })
  }
}
