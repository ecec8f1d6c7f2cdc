import type { BoxStore } from '../box/index.ts'
import type { PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { ProjectPaths, UserPaths } from '../project/paths.ts'
import type { Arch, ProbeReport, Provider } from '../provider/index.ts'

/** What the verbs work on: a checked manifest and the services beneath. src/app makes it. */
export interface Project {
  manifest: Manifest
  /** What is wrong with the manifest, where the verb goes by the machines that were made instead; `manifest` then has none. */
  broken: PosadaError | null
  paths: ProjectPaths
  user: UserPaths
  boxes: BoxStore
  providers: ProviderSource
  emit: Emit
  /** Aborted when the user interrupts. */
  signal: AbortSignal
  /** How the user started this, for whoever waits for a lock: `posada up`. */
  command: string
  /** Milliseconds to wait for another posada process that works on the same machine. */
  lockWait: number
}

/** Where providers come from; src/app/providers.ts is the real one. */
export interface ProviderSource {
  get(name: string): Promise<Provider>
  /** The best that can run machines of this architecture on this host. */
  choose(arch: Arch): Promise<{ provider: Provider; report: ProbeReport }>
  /** All that `choose` chooses from, whether they work here or not. */
  builtIn(): Promise<Provider[]>
}
