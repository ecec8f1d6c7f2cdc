import { PosadaError, throwProblems } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import { shownBox } from '../facts/shown-box.ts'

/**
 * Refuses, before anything is made, what the provider does not understand (E_PROVIDER_OPTION, each
 * entry with its place) or cannot do on this host (E_CAPABILITY).
 */
export function checkDemands(provider: Provider, config: Machine, spec: MachineSpec): void {
  const problems = [...optionProblems(provider, config), ...capabilityProblems(provider, config, spec)]
  const message = `machine ${config.name} asks for ${problems.length} things that cannot be`
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

function capabilityProblems(provider: Provider, config: Machine, spec: MachineSpec): PosadaError[] {
  const can = provider.capabilities()
  const problems: PosadaError[] = []
  const lacks = (what: string, place: (string | number)[], value: string, hint = otherProvider) =>
    problems.push(
      new PosadaError('E_CAPABILITY', `provider ${provider.name} cannot ${what} on this host`, {
        value,
        place: config.place(...place),
        machine: config.name,
        hint,
      }),
    )
  const boot = spec.boot.kind === 'kernel' ? 'kernel' : spec.boot.firmware
  if (!can.arch.includes(spec.arch)) lacks(`run ${spec.arch} guests`, ['arch'], spec.arch)
  if (!can.boot.includes(boot)) {
    const hint = boot === 'kernel' ? otherProvider : noFirmware(config.name)
    lacks(`boot a box by ${boot}`, ['box'], shownBox(config), hint)
  }
  if (spec.media !== undefined && can.media !== true) lacks('give a guest a seed', ['box'], shownBox(config))
  if (spec.nested && !can.nested) lacks('let a guest run machines of its own', ['nested'], 'true')
  if (config.networks.length > 0 && can.switchNics !== true)
    lacks('join private networks', ['networks'], config.networks.map(({ network }) => network).join(', '))
  if (spec.nics.some((nic) => nic.kind === 'user' && nic.isolated) && can.isolation !== true)
    lacks('keep a machine from the outside world', ['networks'], 'isolated')
  for (const port of config.ports) {
    const value = `${port.hostPort}/${port.protocol}`
    if (can.network === false) lacks('forward ports', ['ports', port.item], value)
    else if (port.protocol === 'udp' && !can.udpForward) lacks('forward UDP', ['ports', port.item], value)
  }
  return problems
}
