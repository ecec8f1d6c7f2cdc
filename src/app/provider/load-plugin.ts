import { pathToFileURL } from 'node:url'
import { PosadaError } from '../../errors/index.ts'
import { contractVersion, type Provider, type ProviderPlugin } from '../../provider/index.ts'
import { withOwnErrors } from './foreign-errors.ts'

const methods = [
  'capabilities',
  'probe',
  'checkOptions',
  'create',
  'start',
  'status',
  'stop',
  'pause',
  'resume',
  'destroy',
  'open',
] as const satisfies readonly (keyof Provider)[]

/** Imports a plug-in and holds it to the contract's form; E_PROVIDER_INVALID says what is not so. */
export async function asPlugin(name: string, path: string): Promise<ProviderPlugin> {
  const plugin = record(record(await importPlugin(name, path)).provider)
  const invalid = (message: string, hint: string) =>
    new PosadaError('E_PROVIDER_INVALID', `the provider ${name} ${message}`, { value: path, hint })

  if (typeof plugin.create !== 'function') {
    throw invalid(
      'exports no `provider` with a function `create`',
      'see docs/providers.md for what a provider exports',
    )
  }
  if (plugin.contract !== contractVersion) {
    throw invalid(
      `is made for contract ${String(plugin.contract)}, this Posada has ${contractVersion}`,
      'install the version of the package that fits this Posada',
    )
  }
  const { create } = plugin
  return {
    contract: contractVersion,
    name,
    create: (context) => {
      const made = record(create(context))
      const lacking = methods.filter((method) => typeof made[method] !== 'function')
      if (lacking.length > 0)
        throw invalid(`lacks ${lacking.join(', ')}`, "ask the package's author to complete it")
      return withOwnErrors(made as unknown as Provider)
    },
  }
}

async function importPlugin(name: string, path: string): Promise<unknown> {
  const { importModule } = await import('../../lib/native/import-module.ts')
  try {
    return await importModule(pathToFileURL(path).href)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new PosadaError('E_PROVIDER_INVALID', `the provider ${name} cannot be loaded: ${message}`, {
      value: path,
      cause: error,
      hint: 'install the package again: npm install',
    })
  }
}

/** A module namespace or an object; an empty one for anything else. */
function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
