import { PosadaError, throwProblems } from '../../errors/index.ts'
import type { Machine, Port } from '../../manifest/index.ts'
import type { Provider } from '../../provider/index.ts'
import { type Lack, lacks, lackTexts, type Needs } from '../facts/needs.ts'
import { shownBox } from '../facts/shown-box.ts'

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
  const options = config.providers[provider.name] ?? {}
  return provider.checkOptions(options).map(
    ({ path, message, hint }) =>
      new PosadaError('E_PROVIDER_OPTION', message, {
        value: path.join('.'),
        place: config.place('providers', provider.name, ...path),
        machine: config.name,
        ...(hint === undefined ? {} : { hint }),
      }),
  )
}

const otherProvider = 'posada doctor lists the providers and what they lack; `provider:` chooses another'
/** A box without a kernel of its own is booted by the boot loader on its disk; a box with one runs everywhere. */
const noFirmware = (machine: string) =>
  `with provider: auto, another one runs it. To make a box that runs here too: posada up ${machine} with that, then posada box package ${machine} --with-kernel --name local/${machine}, then box: local/${machine}`

function capabilityProblems(provider: Provider, config: Machine, needs: Needs): PosadaError[] {
  return lacks(provider.capabilities(), needs).flatMap((lack) =>
    shownBy[lack](config, needs).map(
      ({ path, value, hint = otherProvider }) =>
        new PosadaError(
          'E_CAPABILITY',
          `provider ${provider.name} cannot ${lackTexts[lack](needs)} on this host`,
          { value, place: config.place(...path), machine: config.name, hint },
        ),
    ),
  )
}

interface Shown {
  /** Leads to what asks for it in the manifest. */
  path: (string | number)[]
  value: string
  hint?: string
}

/** Where the manifest asks for what a provider lacks. */
const shownBy: Record<Lack, (config: Machine, needs: Needs) => Shown[]> = {
  arch: (_, { arch }) => [{ path: ['arch'], value: arch }],
  boot: (config, { boot }) => [
    { ...ofBox(config), ...(boot === 'kernel' ? {} : { hint: noFirmware(config.name) }) },
  ],
  media: (config) => [ofBox(config)],
  nested: () => [{ path: ['nested'], value: 'true' }],
  switchNics: ({ networks }) => [
    { path: ['networks'], value: networks.map(({ network }) => network).join(', ') },
  ],
  isolation: () => [{ path: ['networks'], value: 'isolated' }],
  hostAccess: ({ hostAccess }) => [{ path: ['host_access'], value: String(hostAccess) }],
  forward: ({ ports }) => ports.map(ofPort),
  udpForward: ({ ports }) => ports.filter(({ protocol }) => protocol === 'udp').map(ofPort),
}

function ofBox(config: Machine): Shown {
  return { path: ['box'], value: shownBox(config) }
}

function ofPort({ item, hostPort, protocol }: Port): Shown {
  return { path: ['ports', item], value: `${hostPort}/${protocol}` }
}
