import { PosadaError, throwProblems } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { type Provider, placeOf } from '../../provider/index.ts'
import { lacks, type Needs } from '../facts/needs.ts'

/**
 * Refuses, before anything is made, what the provider does not understand (E_PROVIDER_OPTION, each
 * entry with its place) or cannot do on this host (E_CAPABILITY).
 */
export function checkDemands(provider: Provider, config: Machine, needs: Needs): void {
  const problems = [...optionProblems(provider, config), ...capabilityProblems(provider, config, needs)]
  const message = `machine ${config.name} asks for ${problems.length} things that provider ${provider.name} cannot do`
  throwProblems(problems, { message, machine: config.name })
}

/** What is wrong in the manifest's mapping under the provider's name. */
export function optionProblems(provider: Provider, config: Machine): PosadaError[] {
  const { provider: name } = placeOf(provider.name)
  const options = config.providers[name] ?? {}
  return provider.checkOptions(options).map(
    ({ path, message, hint }) =>
      new PosadaError('E_PROVIDER_OPTION', message, {
        value: path.join('.'),
        place: config.place('providers', name, ...path),
        machine: config.name,
        ...(hint === undefined ? {} : { hint }),
      }),
  )
}

const otherProvider = 'posada doctor lists the providers and what they lack; `provider:` chooses another'

function capabilityProblems(provider: Provider, config: Machine, needs: Needs): PosadaError[] {
  return lacks(provider.capabilities(), needs).flatMap(({ text, shown, hint: cure = otherProvider }) =>
    shown(config, needs).map(
      ({ path, value, hint = cure }) =>
        new PosadaError('E_CAPABILITY', `provider ${provider.name} cannot ${text(needs)} on this host`, {
          ...{ value, place: config.place(...path), machine: config.name, hint },
        }),
    ),
  )
}
