import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { findBox } from '../box/find-box.ts'
import { needsOf } from '../facts/needs.ts'
import { isIsolated } from '../network/config.ts'
import type { BoxSupply, Declared, Locking, Places, Providing } from '../project.ts'

/**
 * The provider that is to start a machine: the one that ran it last, or for a new machine what the manifest says, for
 * `auto` the best for it here. A machine goes over to the provider that the manifest names, and one that
 * was never logged in to, to what is now the best: disks are qcow2 for all of them.
 */
export async function chooseProvider(
  project: Declared & Places & Providing & Locking & BoxSupply,
  config: Machine,
  state: MachineState | null,
): Promise<Provider> {
  const { providers } = project
  if (state === null) {
    return config.provider === 'auto' ? best(project, config, null) : providers.get(config.provider)
  }
  const before = await providers.get(state.provider)
  if (config.provider === state.provider || (config.provider === 'auto' && wasUsed(state))) return before
  const next =
    config.provider === 'auto' ? await best(project, config, state) : await providers.get(config.provider)
  if (next.name === before.name) return before
  const message = `continues with ${next.name}, on the disk it had with ${before.name}`
  project.emit({ type: 'notice', level: 'info', machine: config.name, message })
  return next
}

/** Whether it was ever logged in to; a machine that only failed to start does not bind it to its provider. */
function wasUsed({ login, cloudInit }: MachineState): boolean {
  return cloudInit === undefined ? login.ownKey : cloudInit.doneAt !== undefined
}

async function best(
  project: Declared & Places & Providing & Locking & BoxSupply,
  config: Machine,
  previous: MachineState | null,
): Promise<Provider> {
  const { manifest } = await findBox(project, config, previous)
  const needs = needsOf(config, manifest, isIsolated(project.manifest, config))
  return (await project.providers.choose(needs)).provider
}
