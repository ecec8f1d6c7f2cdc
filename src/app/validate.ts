import { PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { optionProblems } from '../machine/index.ts'
import { loadManifest, type Manifest } from '../manifest/index.ts'
import { userPaths } from '../project/index.ts'
import { checkBoxSources } from './box/sources.ts'
import { fetchBaseToRead } from './fetch-base.ts'
import { providerRegistry } from './provider/registry.ts'
import { trustOf, trustsEverything } from './trust/agreed.ts'

/** What `posada validate` prints with `--json` when the manifest is valid. */
export interface ValidateResult {
  valid: true
  /** Absolute path of the manifest. */
  file: string
  /** The project's name. */
  name: string
  machines: string[]
}

export interface ValidateOptions {
  file: string | undefined
  cwd: string
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Reads and checks the manifest; E_MANIFEST_INVALID holds every problem. Nothing is started or written. */
export async function validate(options: ValidateOptions): Promise<ValidateResult> {
  const { file, cwd, env } = options
  const fetch = fetchBaseToRead({ ...options, fetches: 'locked' })
  const anyOwner = trustsEverything(env)
  const manifest = await loadManifest({ cwd, env, fetch, anyOwner, ...(file === undefined ? {} : { file }) })
  const machines = manifest.machines.map((machine) => machine.name)
  checkBoxSources(manifest)
  await checkProviderOptions(manifest, options)
  return { valid: true, file: manifest.file, name: manifest.name, machines }
}

/**
 * Every provider that a machine names or has options for looks at those options; not one that the project has brought,
 * unless its user has agreed to its code.
 */
async function checkProviderOptions(manifest: Manifest, { env, emit }: ValidateOptions): Promise<void> {
  const user = userPaths(env)
  const registry = providerRegistry({
    root: manifest.root,
    cacheDir: user.cache,
    emit: () => undefined,
    trust: trustOf({ root: manifest.root, user, env }),
  })
  const problems: PosadaError[] = []
  const untrusted = new Set<string>()
  for (const config of manifest.machines) {
    const names = new Set([...Object.keys(config.providers), config.provider])
    names.delete('auto')
    for (const name of names) {
      try {
        problems.push(...optionProblems(await registry.get(name), config))
      } catch (error) {
        if (!(error instanceof PosadaError)) throw error
        if (error.code === 'E_UNTRUSTED') untrusted.add(name)
        else problems.push(atPlace(error, config, name))
      }
    }
  }
  for (const name of untrusted) {
    const message = `the options of the provider ${name} are not checked: the project brought its code`
    emit({ type: 'notice', level: 'warn', message, hint: 'if you trust it: posada trust' })
  }
  if (problems.length === 0) return
  throw new PosadaError(
    'E_MANIFEST_INVALID',
    `the manifest has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`} with its providers`,
    {
      value: manifest.file,
      problems,
    },
  )
}

function atPlace(error: PosadaError, config: Manifest['machines'][number], name: string): PosadaError {
  const { code, message, hint } = error
  const place = name === config.provider ? config.place('provider') : config.place('providers', name)
  return new PosadaError(code, message, {
    value: name,
    place,
    machine: config.name,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  })
}
