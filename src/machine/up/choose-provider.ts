import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/machine-state.ts'
import type { Provider } from '../../provider/index.ts'
import { findBox } from '../boxes/find-box.ts'
import { isIsolated } from '../networks/config.ts'
import type { Needs, Project } from '../project.ts'
import { bootOf } from './spec.ts'

/**
 * The machine's provider: the one that runs it or ran it last, or for a new machine what the manifest says, for
 * `auto` the best for it here. A stopped machine goes over to the provider that the manifest names: disks are
 * qcow2 for all of them.
 */
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
  const before = await providers.get(state.provider)
  if (config.provider === 'auto' || config.provider === state.provider) return before
  const { state: now } = await before.status(state.spec)
  if (now === 'running' || now === 'paused') return before
  const message = `goes on with ${config.provider}, on the disk that it had with ${state.provider}`
  project.emit({ type: 'notice', level: 'info', machine: config.name, message })
  return providers.get(config.provider)
}

async function needsOf(project: Project, config: Machine): Promise<Needs> {
  const { manifest } = await findBox(project, config, null)
  return {
    arch: manifest.arch,
    boot: bootOf(manifest),
    nested: config.nested,
    forwards: config.ports.map(({ protocol }) => protocol),
    switchNics: config.networks.length > 0,
    isolated: isIsolated(project.manifest, config),
    settings: Object.keys(config.providers),
  }
}
