import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { nearest } from '../../lib/text/suggest.ts'
import { lacks, type Needs } from '../../machine/index.ts'
import { type Provider, type ProviderPlugin, placeOf, providerAt } from '../../provider/index.ts'
import type { Trust } from '../trust/agreed.ts'
import { pluginUse } from '../trust/code-use.ts'
import { isInside, packageNameOf, searchPlugin } from './find-plugin.ts'
import { asPlugin } from './load-plugin.ts'
import { byMerit, type Choice, ranking } from './rank.ts'

export interface ProviderRegistryOptions {
  /** The project's folder: plug-ins are looked up from there first. */
  root: string
  cacheDir: string
  emit: Emit
  /** Asked before code of the project is loaded; E_UNTRUSTED. */
  trust: Pick<Trust, 'require'>
  /** Makes of a provider of this host the same of another. Left out: no machine of another host is asked for. */
  elsewhere?: (local: Provider, host: string) => Promise<Provider>
}

export interface ProviderRegistry {
  /** By the manifest's name, or one with a host (`providerAt`). E_PROVIDER_UNKNOWN, E_PROVIDER_INVALID; E_HOST_…. */
  get(name: string): Promise<Provider>
  /**
   * What `provider: auto` means for such a machine on this host, or on `host`, see `ranking`. E_PROVIDER_UNUSABLE where no
   * built-in provider can run it.
   */
  choose(needs: Needs, options?: { host?: string | null; signal?: AbortSignal }): Promise<Choice>
  /** Of the built-in providers. */
  builtInNames: readonly string[]
  /** Every built-in provider, not probed. */
  builtIn(): Promise<Provider[]>
  /** Every built-in provider with its probe's report, in the order `choose` prefers them. */
  all(options?: { host?: string | null; fresh?: boolean; signal?: AbortSignal }): Promise<Choice[]>
}

/** Loaded only when asked for. The order breaks ties between equals: the built-in hypervisor starts machines faster. */
const builtIn: Record<string, () => Promise<{ provider: ProviderPlugin }>> = {
  kvm: () => import('../../../providers/kvm/index.ts'),
  qemu: () => import('../../../providers/qemu/index.ts'),
}

export function providerRegistry(options: ProviderRegistryOptions): ProviderRegistry {
  const loaded = new Map<string, Promise<Provider>>()

  const get = async (name: string): Promise<Provider> => {
    const { provider, host } = placeOf(name)
    const there =
      loaded.get(name) ??
      (host === null ? load(name, options) : elsewhere(await get(provider), host, options))
    loaded.set(name, there)
    try {
      return await there
    } catch (error) {
      loaded.delete(name)
      throw error
    }
  }

  const all: ProviderRegistry['all'] = async ({ host = null, ...probing } = {}) => {
    const choices = Object.keys(builtIn).map(async (name): Promise<Choice> => {
      const provider = await get(providerAt(name, host))
      return { provider, report: await provider.probe(probing) }
    })
    return (await Promise.all(choices)).sort(byMerit)
  }

  const choose: ProviderRegistry['choose'] = async (needs, probing) => {
    const choices = await all(probing)
    const [best] = ranking(choices, needs)
    if (best === undefined) throw unusable(choices, needs)
    return best
  }

  const builtInNames = Object.keys(builtIn)
  return { get, choose, all, builtInNames, builtIn: () => Promise.all(builtInNames.map(get)) }
}

function elsewhere(local: Provider, host: string, options: ProviderRegistryOptions): Promise<Provider> {
  if (options.elsewhere === undefined) throw new Error('machines of other hosts are not asked for here')
  return options.elsewhere(local, host)
}

async function load(
  name: string,
  { root, cacheDir, emit, trust }: ProviderRegistryOptions,
): Promise<Provider> {
  const plugin = await findPlugin(name, root, trust)
  return plugin.create({ cacheDir, emit })
}

async function findPlugin(
  name: string,
  root: string,
  trust: Pick<Trust, 'require'>,
): Promise<ProviderPlugin> {
  const own = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined
  if (own !== undefined) return (await own()).provider
  const { path, folder, isOfProject, searched } = await searchPlugin(name, root)
  if (path === null || folder === null) throw unknown(name, searched)
  if (isOfProject) await checkOwnCode(name, { path, folder, trust })
  return asPlugin(name, path)
}

/** The user agrees to the content of a package, so its entry has to lie in it. */
async function checkOwnCode(
  name: string,
  { path, folder, trust }: { path: string; folder: string; trust: Pick<Trust, 'require'> },
): Promise<void> {
  await trust.require([await pluginUse(name, folder)])
  if (await isInside(path, folder)) return
  throw new PosadaError('E_PROVIDER_INVALID', `the entry of the provider ${name} lies outside its package`, {
    value: path,
    hint: 'install the package again: npm install',
  })
}

function unknown(name: string, searched: readonly string[]): PosadaError {
  const near = nearest(name, Object.keys(builtIn))
  return new PosadaError('E_PROVIDER_UNKNOWN', `there is no provider ${JSON.stringify(name)}`, {
    value: name,
    details: searched.map((folder) => `looked in ${folder}`),
    hint:
      near !== undefined
        ? `did you mean ${near}?`
        : `built in: auto, ${Object.keys(builtIn).join(', ')}; others come as npm packages: npm install --save-dev ${packageNameOf(name) ?? `posada-provider-${name}`}`,
  })
}

function unusable(choices: readonly Choice[], needs: Needs): PosadaError {
  const { arch, boot } = needs
  const why = ({ provider, report }: Choice) => {
    const lacking = lacks(provider.capabilities(), needs).map(({ text }) => text(needs))
    return report.usable && lacking.length > 0 ? `it cannot ${lacking.join(', ')}` : report.reason
  }
  return new PosadaError('E_PROVIDER_UNUSABLE', 'no provider can run this machine on this host', {
    value: `${arch}, started by ${boot}`,
    details: choices.map((choice) => `${choice.provider.name}: ${why(choice)}`),
    hint: hintOf(choices, needs) ?? 'run posada doctor',
  })
}

/** What one that is usable lacks comes before what makes another usable. */
function hintOf(choices: readonly Choice[], needs: Needs): string | undefined {
  const lacking = choices.flatMap(({ provider, report }) =>
    report.usable ? lacks(provider.capabilities(), needs) : [],
  )
  const hints = [...lacking.map(({ hint }) => hint), ...choices.map(({ report }) => report.hint)]
  return hints.find((hint) => hint !== undefined)
}
