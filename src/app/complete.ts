import { isPosadaError } from '../errors/index.ts'
import { loadManifest } from '../manifest/index.ts'

/** Names that a shell may complete. A name with what it stands for. */
export interface Named {
  value: string
  description?: string
}

export interface CompleteOptions {
  file: string | undefined
  cwd: string
  env: NodeJS.ProcessEnv
}

/** Machines and provision steps of the project; none where there is no manifest, or a wrong one. */
export async function projectNames(options: CompleteOptions): Promise<{ machines: Named[]; steps: Named[] }> {
  const { file, cwd, env } = options
  try {
    const { machines } = await loadManifest({ cwd, env, ...(file === undefined ? {} : { file }) })
    const steps = machines.flatMap((machine) => machine.provision.map(({ name }) => name))
    return {
      machines: machines.map(({ name, box }) => ({ value: name, description: box })),
      steps: [...new Set(steps)].map((value) => ({ value })),
    }
  } catch (error) {
    if (isPosadaError(error)) return { machines: [], steps: [] }
    throw error
  }
}

/** Templates of `posada init`. */
export async function templateNames(): Promise<Named[]> {
  const { listTemplates } = await import('../manifest/index.ts')
  const templates = await listTemplates()
  return templates.map(({ name, description }) => ({ value: name, description }))
}

/** Boxes in the store. */
export async function boxNames(env: NodeJS.ProcessEnv): Promise<Named[]> {
  const { openBoxStore } = await import('../box/index.ts')
  const { userPaths } = await import('../project/paths.ts')
  const boxes = await openBoxStore(userPaths(env).boxes).list()
  return [...new Set(boxes.map(({ name }) => name))].map((value) => ({ value }))
}

/** Recipes that come with Posada. */
export async function recipeNames(): Promise<Named[]> {
  const { listRecipes } = await import('../box/index.ts')
  return (await listRecipes()).map(({ name }) => ({ value: name }))
}
