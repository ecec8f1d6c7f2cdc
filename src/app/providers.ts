import { PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { nearest } from '../lib/suggest.ts'
import type { Arch, ProbeReport, Provider, ProviderPlugin } from '../provider/index.ts'
import { asPlugin } from './provider-check.ts'
import { packageNameOf, searchPlugin } from './provider-search.ts'

export interface ProviderRegistryOptions {
  /** The project's folder: plug-ins are looked up from there first. */
  root: string
  cacheDir: string
  emit: Emit
}

export interface Choice {
  provider: Provider
  report: ProbeReport
}

export interface ProviderRegistry {
  /** By the manifest's name. E_PROVIDER_UNKNOWN, E_PROVIDER_INVALID. */
  get(name: string): Promise<Provider>
  /**
   * What `provider: auto` means on this host: the built-in provider that can run machines of this
   * architecture, one that uses the processor's virtualisation first. E_PROVIDER_UNUSABLE.
   */
  choose(arch?: Arch, options?: { signal?: AbortSignal }): Promise<Choice>
  /** Every built-in provider, not probed. */
  builtIn(): Promise<Provider[]>
  /** Every built-in provider with its probe's report, in the order `choose` prefers them. */
  all(options?: { fresh?: boolean; signal?: AbortSignal }): Promise<Choice[]>
}

/**
 * Loaded only when asked for. The order breaks ties between equals: `auto` takes QEMU where both run on the
 * processor itself, until docs/hypervisor.md has nothing open that a machine may meet.
 */
const builtIn: Record<string, () => Promise<{ provider: ProviderPlugin }>> = {
  qemu: () => import('../../providers/qemu/index.ts'),
  kvm: () => import('../../providers/kvm/index.ts'),
}

export function providerRegistry(options: ProviderRegistryOptions): ProviderRegistry {
  const loaded = new Map<string, Promise<Provider>>()

  const get = async (name: string): Promise<Provider> => {
    const there = loaded.get(name) ?? load(name, options)
    loaded.set(name, there)
    try {
      return await there
    } catch (error) {
      loaded.delete(name)
      throw error
    }
  }

  const all: ProviderRegistry['all'] = async (probing) => {
    const choices = Object.keys(builtIn).map(async (name): Promise<Choice> => {
      const provider = await get(name)
      return { provider, report: await provider.probe(probing) }
    })
    return (await Promise.all(choices)).sort((a, b) => merit(b.report) - merit(a.report))
  }

  const choose: ProviderRegistry['choose'] = async (arch, probing) => {
    const choices = await all(probing)
    const found = choices.find(({ provider, report }) => report.usable && runs(provider, arch))
    if (found === undefined) throw unusable(choices, arch)
    return found
  }

  return { get, choose, all, builtIn: () => Promise.all(Object.keys(builtIn).map(get)) }
}

/** Where probes compare: on the processor itself, then emulated, then not at all. */
function merit(report: ProbeReport): number {
  return (report.usable ? 2 : 0) + (report.hardware ? 1 : 0)
}

function runs(provider: Provider, arch: Arch | undefined): boolean {
  return arch === undefined || provider.capabilities().arch.includes(arch)
}

async function load(name: string, { root, cacheDir, emit }: ProviderRegistryOptions): Promise<Provider> {
  const plugin = await findPlugin(name, root)
  return plugin.create({ cacheDir, emit })
}

async function findPlugin(name: string, root: string): Promise<ProviderPlugin> {
  const own = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined
  if (own !== undefined) return (await own()).provider
  const { path, searched } = await searchPlugin(name, root)
  if (path === null) throw unknown(name, searched)
  return asPlugin(name, path)
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

function unusable(choices: readonly Choice[], arch: Arch | undefined): PosadaError {
  const what = arch === undefined ? 'machines' : `${arch} machines`
  return new PosadaError('E_PROVIDER_UNUSABLE', `no provider can run ${what} on this host`, {
    ...(arch === undefined ? {} : { value: arch }),
    details: choices.map(({ provider, report }) => `${provider.name}: ${report.reason}`),
    hint: choices.find(({ report }) => report.hint !== undefined)?.report.hint ?? 'run posada doctor',
  })
}
