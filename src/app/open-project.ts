import type { Emit } from '../events/index.ts'
import type { Project } from '../machine/project.ts'
import { loadManifest } from '../manifest/index.ts'
import { projectPaths, userPaths } from '../project/paths.ts'
import { lazyBoxStore } from './box-store.ts'
import { providerRegistry } from './providers.ts'

export interface OpenProjectOptions {
  /** The manifest; found from `cwd` upwards where it is not given. */
  file?: string
  cwd: string
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
  /** How the user started this: `posada up`. */
  command: string
}

/** Ten minutes: a machine's first start with its provision steps takes minutes. */
const LOCK_WAIT = 600_000

/** Joins everything that the verbs of src/machine need. The only place that knows all rooms. */
export async function openProject(options: OpenProjectOptions): Promise<Project> {
  const { file, cwd, env, emit, signal, command } = options
  const manifest = await loadManifest({ cwd, env, ...(file === undefined ? {} : { file }) })
  const user = userPaths(env)
  return {
    manifest,
    paths: projectPaths(manifest.root),
    user,
    boxes: lazyBoxStore(user.boxes),
    providers: providerRegistry({ root: manifest.root, cacheDir: user.cache, emit }),
    emit,
    signal,
    command,
    lockWait: LOCK_WAIT,
  }
}
