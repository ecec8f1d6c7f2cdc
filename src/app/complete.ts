import { isPosadaError } from '../errors/index.ts'
import { loadManifest, type Machine } from '../manifest/index.ts'
import { fetchBaseToRead } from './fetch-base.ts'

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

export interface ProjectNames {
  machines: Named[]
  /** Names that several replicas share. */
  groups: Named[]
  networks: Named[]
  steps: Named[]
}

/** Machines, networks and provision steps of the project; none where there is no manifest, or a wrong one. */
export async function projectNames(options: CompleteOptions): Promise<ProjectNames> {
  const { file, cwd, env } = options
  try {
    const quiet = { env, emit: () => undefined, signal: new AbortController().signal }
    const fetch = fetchBaseToRead({ ...quiet, fetches: 'nothing' })
    const { machines, networks } = await loadManifest({
      cwd,
      env,
      fetch,
      ...(file === undefined ? {} : { file }),
    })
    const steps = machines.flatMap((machine) => machine.provision.map(({ name }) => name))
    return {
      machines: machines.map(({ name, box }) => ({ value: name, description: box })),
      groups: groupsOf(machines),
      networks: networks.map(({ name, subnet }) => ({ value: name, description: subnet })),
      steps: [...new Set(steps)].map((value) => ({ value })),
    }
  } catch (error) {
    if (isPosadaError(error)) return { machines: [], groups: [], networks: [], steps: [] }
    throw error
  }
}

function groupsOf(machines: readonly Machine[]): Named[] {
  const replicas = machines.filter(({ name, group }) => name !== group)
  return [...new Set(replicas.map(({ group }) => group))].map((value) => {
    const count = replicas.filter(({ group }) => group === value).length
    return { value, description: count === 1 ? '1 replica' : `${count} replicas` }
  })
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
  const { userPaths } = await import('../project/index.ts')
  const boxes = await openBoxStore(userPaths(env).boxes).list()
  return [...new Set(boxes.map(({ name }) => name))].map((value) => ({ value }))
}

/** Boxes that are available by name. */
export async function offeredNames(): Promise<Named[]> {
  const { builtInCatalogue } = await import('../box/index.ts')
  return [...(await recipeNames()), ...[...(await builtInCatalogue()).keys()].map((value) => ({ value }))]
}

/** Recipes that come with Posada. */
export async function recipeNames(): Promise<Named[]> {
  const { listRecipes } = await import('../box/index.ts')
  return (await listRecipes()).map(({ name }) => ({ value: name }))
}
