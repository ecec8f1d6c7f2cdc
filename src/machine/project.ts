import type { BoxSource, BoxStore, StoredBox } from '../box/index.ts'
import type { Place, PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import type { WebFiles } from '../fetched-files/index.ts'
import type { GroupOptions } from '../lib/process/run-group.ts'
import type { Arch } from '../lib/values/arch.ts'
import type { BoxTerms, Hook, Manifest, PluginCode, ProvisionStep, SecretPlace } from '../manifest/index.ts'
import type { LockedLayer, ProjectPaths, UserPaths } from '../project/index.ts'
import type { ProbeReport, Provider } from '../provider/index.ts'
import type { Needs } from './facts/needs.ts'
import type { WarmJob } from './warm/job.ts'

/** What the user has written down. */
export interface Declared {
  manifest: Manifest
  /** What is wrong with the manifest, where the verb goes by the machines that were made instead; `manifest` then has none. */
  broken: PosadaError | null
}

/** Where files are. */
export interface Places {
  paths: ProjectPaths
  user: UserPaths
}

export interface Providing {
  providers: ProviderSource
  /** The other host that new machines are to run on: `ssh://user@server`. Left out: this one. */
  host?: string | undefined
}

/** How work is told to the user, and stopped. */
export interface Reporting {
  emit: Emit
  /** Aborted when the user interrupts. */
  signal: AbortSignal
}

/** What it takes to be the only posada process that works on something. */
export interface Locking extends Reporting {
  /** How the user started this, for others that wait for a lock: `posada up`. */
  command: string
  /** Milliseconds to wait for another posada process that works on the same machine. */
  lockWait: number
}

/** Where boxes come from. */
export interface BoxSupply {
  boxes: BoxStore
  /** What disks were behind provision steps, as boxes of a store of their own. */
  layers: BoxStore
  /** Removes unused layers until all fit their budget; the one of this digest stays. */
  trimLayers(spare: string): Promise<void>
  /** Gets the layer of posada.lock, which has to call itself so, from its registry. E_LOCK_MISMATCH, and as `fetchBox`. */
  fetchLayer(locked: LockedLayer, name: string): Promise<StoredBox>
  fetchBox: FetchBox
  /** The newest version of a box that catalogues offer; null: they have none, or it has no version. */
  newestBox(source: BoxSource, arch: Arch): Promise<string | null>
  buildBox: BuildBox
}

/** Images of machines that were up, which new machines begin with: docs/decisions/warm-starts.md. */
export interface WarmStarts {
  warm: {
    /** Whether new machines begin with images that there are. */
    starts: boolean
    /** Whether images are made of what there is none of. */
    makes: boolean
    /** Those that are missing, by their keys: whoever opened the project has them made once its own work is done. */
    wanted: Map<string, WarmJob>
  }
}

/** What provision steps are made of besides what the manifest says: what has a URL, and code in packages. */
export interface Scripts {
  webFiles: WebFiles
  provisioners: ProvisionerSource
}

/** Where provisioners come from; src/app/provider/provisioners.ts is the real one. */
export interface ProvisionerSource {
  /** E_PROVISIONER_UNKNOWN, with the place of the step. Nothing of it is loaded before `load`. */
  find(name: string, place: Place): Promise<PluginCode>
}

/** Values that a project's steps are given and that stand in none of its files. */
export interface Secrets {
  /** The value that a step calls sensitive. E_PROVISION_SOURCE, with the step's place, where it is not available. */
  readSecret(place: SecretPlace, of: { name: string; step: ProvisionStep }): Promise<string>
}

/** Commands of this host that the manifest has run around a verb. */
export interface HostHooks {
  /** Runs a hook in the project's folder. E_UNTRUSTED where the user has not agreed to it. */
  runHook(hook: Hook, options: Omit<GroupOptions, 'cwd'>): Promise<{ code: number; signal: string | null }>
}

/**
 * What the verbs work on: a checked manifest and the services beneath. src/app makes it. A function below a verb
 * takes those parts that it needs.
 */
export interface Project
  extends Declared,
    Places,
    Providing,
    Locking,
    BoxSupply,
    WarmStarts,
    Scripts,
    Secrets,
    HostHooks {}

/**
 * Builds a box of a recipe of the project's own and puts it in the store, where it is not there already; see
 * `buildRecipe` of src/box.
 */
export type BuildBox = (recipe: { name: string; folder: string }, arch: Arch) => Promise<StoredBox>

/** Gets a box from where it is and puts it in the store; see `fetchBox` of src/box. */
export type FetchBox = (
  source: BoxSource,
  options: {
    arch: Arch
    terms: BoxTerms
    /** The names that it was asked for by: others find it by one of these, if it calls itself so. */
    names: readonly string[]
    /** What it is remembered under, where that is not the source itself. */
    source?: string
    /** Told its digest before the store lets anything lead to it; may throw. */
    accept?: (digest: string) => void
  },
) => Promise<StoredBox>

/** Where providers come from; src/app/provider/registry.ts is the real one. */
export interface ProviderSource {
  get(name: string): Promise<Provider>
  /** The best for such a machine on this host, or on another. */
  choose(
    needs: Needs,
    options?: { host?: string | null },
  ): Promise<{ provider: Provider; report: ProbeReport }>
  /** All that `choose` chooses from, whether they work here or not. */
  builtIn(): Promise<Provider[]>
}
