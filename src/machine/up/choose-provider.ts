import { PosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { type Provider, placeOf, providerAt } from '../../provider/index.ts'
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
  const { providers, host = null } = project
  const isAuto = config.provider === 'auto'
  if (state === null)
    return isAuto ? best(project, config, { host }) : providers.get(providerAt(config.provider, host))
  const place = placeOf(state.provider)
  const before = await providers.get(state.provider)
  if (config.provider === place.provider || (isAuto && wasUsed(state))) return before
  const next = isAuto
    ? await best(project, config, { previous: state, host: place.host })
    : await providers.get(providerAt(config.provider, place.host))
  if (next.name === before.name) return before
  const message = `continues with ${next.name}, on the disk it had with ${before.name}`
  project.emit({ type: 'notice', level: 'info', machine: config.name, message })
  return next
}

/** E_HOST_OTHER where a machine was made on another host than the one that is asked for. */
export function checkHost({ host }: Providing, { name }: Machine, state: MachineState | null): void {
  const at = state === null ? null : placeOf(state.provider).host
  if (state === null || host === undefined || at === host) return
  const where = at ?? 'this computer'
  throw new PosadaError('E_HOST_OTHER', `machine ${name} exists on ${where}`, {
    ...{ value: host, machine: name },
    hint: `leave out the host, or destroy it there first: posada destroy ${name}`,
  })
}

/** Whether it was ever logged in to; a machine that only failed to start does not bind it to its provider. */
function wasUsed({ login, cloudInit }: MachineState): boolean {
  return cloudInit === undefined ? login.ownKey : cloudInit.doneAt !== undefined
}

async function best(
  project: Declared & Places & Providing & Locking & BoxSupply,
  config: Machine,
  { previous = null, host }: { previous?: MachineState | null; host: string | null },
): Promise<Provider> {
  const { manifest } = await findBox(project, config, previous)
  const needs = needsOf(config, manifest, isIsolated(project.manifest, config))
  return (await project.providers.choose(needs, { host })).provider
}
