import { PosadaError } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import type { MachineState } from '../project/machine-state.ts'
import type { Provider } from '../provider/index.ts'
import { findBox } from './find-box.ts'
import type { Needs, Project } from './project.ts'
import { bootOf } from './spec.ts'

/** The machine's provider: the one that made it, else what the manifest says, for `auto` the best for it here. */
export async function chooseProvider(
  project: Project,
  config: Machine,
  state: MachineState | null,
): Promise<Provider> {
  const { providers } = project
  if (state === null) {
    if (config.provider !== 'auto') return providers.get(config.provider)
    return (await providers.choose(await needsOf(project, config))).provider
  }
  if (config.provider !== 'auto' && config.provider !== state.provider) {
    throw new PosadaError('E_PROVIDER_CHANGED', `machine ${config.name} was made by ${state.provider}`, {
      value: config.provider,
      place: config.place('provider'),
      machine: config.name,
      hint: `posada destroy ${config.name}, then up, makes it anew with ${config.provider}`,
    })
  }
  return providers.get(state.provider)
}

async function needsOf(project: Project, config: Machine): Promise<Needs> {
  const { manifest } = await findBox(project, config, null)
  return {
    arch: manifest.arch,
    boot: bootOf(manifest),
    nested: config.nested,
    forwards: config.ports.map(({ protocol }) => protocol),
    settings: Object.keys(config.providers),
  }
}
