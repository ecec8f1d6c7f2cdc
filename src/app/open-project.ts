import { basename, dirname, resolve } from 'node:path'
import { isPosadaError, type PosadaError } from '../errors/index.ts'
import { recorded } from '../event-log/index.ts'
import type { Emit } from '../events/index.ts'
import { type WebFiles, webFiles } from '../fetched-files/index.ts'
import { asFork, findFork, knownCopies, type Project } from '../machine/index.ts'
import { findManifest, loadManifest, type Manifest, withCopies } from '../manifest/index.ts'
import { checkOwnTree, projectPaths, type UserPaths, userPaths } from '../project/index.ts'
import { boxBuilder } from './box/builder.ts'
import { boxFetcher } from './box/fetcher.ts'
import { checkBoxSources } from './box/sources.ts'
import { lazyBoxStore } from './box/store.ts'
import { type AskTrust, ensureTrust } from './ensure-trust.ts'
import { fetchBase } from './fetch-base.ts'
import { hookUse, recipeUses } from './host-uses.ts'
import { providersElsewhere } from './provider/elsewhere.ts'
import { provisionerSource } from './provider/provisioners.ts'
import { providerRegistry } from './provider/registry.ts'
import { trustOf, trustsEverything } from './trust/agreed.ts'
import { warmSetting } from './warm/setting.ts'

export interface OpenProjectOptions {
  /** The manifest; found from `cwd` upwards where it is not given. */
  file?: string
  cwd: string
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
  /** How the user started this: `posada up`. */
  command: string
  /** Where what belongs to the machines lies, where that is not the manifest's folder. */
  place?: string
  /** The fork whose machines are meant, in place of the project's own. E_FORK_UNKNOWN. */
  fork?: string
  /** Whether a manifest with problems will do, for a verb that only looks at machines or takes them down. */
  tolerant?: boolean
  /** Asks the user to agree to what the project would run on this host; for verbs that run it. */
  askTrust?: AskTrust
  /** Whether base manifests and scripts are fetched that posada.lock does not have; false for verbs that only look. */
  fetches?: boolean
  /** Where new machines are to run, as the user has it; else POSADA_HOST, or what the manifest says. */
  host?: string
  /** Which base manifests and scripts are fetched again, by their URLs; see WebFilesOptions. */
  movesFile?: (url: string) => boolean
}

/** Ten minutes: a machine's first start with its provision steps takes minutes. */
const defaultLockWait = 600_000

/** Joins everything that the verbs of src/machine need. The only place that knows all rooms. */
export async function openProject(options: OpenProjectOptions): Promise<Project> {
  const { env, signal, command } = options
  const user = userPaths(env)
  const { manifest: written, broken, files } = await readManifest(options, user)
  const { name: project, root } = written
  const emit = recorded(options.emit, user.events, { command, project, root })
  const own = projectPaths(root, user)
  const { fork } = options
  const place = fork === undefined ? options.place : await findFork(own, fork)
  const paths = { ...projectPaths(place ?? root, user), lockfile: own.lockfile }
  checkOwnTree(paths)
  const copied = withCopies(written, await knownCopies(written, paths))
  const manifest = fork === undefined ? copied : asFork(copied)
  const trust = trustOf({ root: manifest.root, user, env })
  const elsewhere = providersElsewhere({ user, env, emit })
  const providers = providerRegistry({ root: manifest.root, cacheDir: user.cache, emit, trust, elsewhere })
  if (options.askTrust !== undefined)
    await ensureTrust(manifest, { registry: providers, trust, ask: options.askTrust })
  const boxes = lazyBoxStore(user.boxes)
  const layers = lazyBoxStore(user.layers)
  const buildBox = boxBuilder({ store: boxes, user, env, emit, signal })
  return {
    manifest,
    broken,
    paths,
    user,
    boxes,
    layers,
    trimLayers: async (spare) => {
      const { keepLayerBudget } = await import('./cache/budget.ts')
      await keepLayerBudget({ store: layers, user, env, emit, spare })
    },
    fetchLayer: async (locked, name) => {
      const { fetchLayer } = await import('./cache/fetch-layer.ts')
      return fetchLayer(locked, name, { store: layers, user, env, emit, signal })
    },
    newestBox: async (source, arch) => {
      const { newestVersion } = await import('../box/index.ts')
      return newestVersion(source, { arch, env, emit, signal, catalogues: manifest.catalogues })
    },
    fetchBox: boxFetcher({ store: boxes, user, catalogues: manifest.catalogues, env, emit, signal }),
    webFiles: files,
    warm: warmSetting(env),
    provisioners: provisionerSource(manifest.root, trust),
    readSecret: async (place, of) => {
      const { readSecret } = await import('./secrets.ts')
      return readSecret({ root: manifest.root, env, anyOwner: isNamed(options), trust, signal }, place, of)
    },
    runHook: async (hook, options) => {
      await trust.require([await hookUse(hook.run, manifest.root)])
      const { runGroup } = await import('../lib/process/run-group.ts')
      return runGroup(['/bin/sh', '-c', hook.run], { ...options, cwd: manifest.root })
    },
    buildBox: async (recipe, arch) => {
      await trust.require(await recipeUses(recipe.name, recipe.folder, manifest.root))
      return buildBox(recipe, arch)
    },
    providers,
    host: await hostFor(options, manifest),
    emit,
    signal,
    command,
    lockWait: defaultLockWait,
  }
}

/** E_HOST_ADDRESS. */
async function hostFor({ host, env }: OpenProjectOptions, manifest: Manifest): Promise<string | undefined> {
  const text = host ?? (env.POSADA_HOST || manifest.host)
  if (text === undefined) return undefined
  const { formatHost, parseHost } = await import('../remote/index.ts')
  return formatHost(parseHost(text))
}

/** Whether the user has said that files of other users are meant. */
function isNamed({ file, env }: OpenProjectOptions): boolean {
  return file !== undefined || trustsEverything(env)
}

/** There is no project, or it is another user's. */
function isBeyondTolerance({ code }: PosadaError): boolean {
  return code === 'E_MANIFEST_MISSING' || code === 'E_OWNER'
}

async function readManifest(
  options: OpenProjectOptions,
  user: UserPaths,
): Promise<Pick<Project, 'manifest' | 'broken'> & { files: WebFiles }> {
  const { file, cwd, env, emit, tolerant } = options
  let opened: WebFiles | undefined
  const filesOf = (root: string) => {
    const { signal, command, fetches = false, movesFile: moves } = options
    const lock = { paths: projectPaths(root, user), command, lockWait: defaultLockWait }
    opened ??= webFiles({
      ...lock,
      cache: user.fetched,
      env,
      emit,
      signal,
      fetches: fetches ? 'anything' : 'locked',
      ...(moves === undefined ? {} : { moves }),
    })
    return opened
  }
  try {
    const fetch = fetchBase(filesOf)
    const anyOwner = trustsEverything(env)
    const manifest = await loadManifest({
      cwd,
      env,
      fetch,
      anyOwner,
      ...(file === undefined ? {} : { file }),
    })
    checkBoxSources(manifest)
    return { manifest, broken: null, files: filesOf(manifest.root) }
  } catch (error) {
    const path = file === undefined ? await findManifest(cwd) : resolve(cwd, file)
    if (tolerant !== true || !isPosadaError(error) || path === null || isBeyondTolerance(error)) throw error
    const message = `${error.message}; going by the machines that were made`
    emit({ type: 'notice', level: 'warn', message, hint: 'posada validate shows what is wrong' })
    const root = dirname(path)
    return {
      manifest: {
        file: path,
        root,
        name: basename(root),
        catalogues: [],
        boxes: {},
        networks: [],
        machines: [],
      },
      broken: error,
      files: filesOf(root),
    }
  }
}
