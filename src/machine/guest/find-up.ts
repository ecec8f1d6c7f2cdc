import { type MachineState, readState } from '../../project/index.ts'
import { isUp, type Provider } from '../../provider/index.ts'
import { nameOf } from '../observed/observe.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { selectWithOrphans, theOnly } from '../select.ts'
import { notCreated, notRunning } from './session.ts'

/** A machine that has a process, ready or not, also one that left the manifest. E_NOT_CREATED, E_NOT_RUNNING. */
export async function findUp(
  project: Declared & Places & Providing,
  machine: string | undefined,
): Promise<{ state: MachineState; provider: Provider }> {
  const names = machine === undefined ? [] : [machine]
  const { name } = theOnly(await selectWithOrphans(project.manifest, project.paths, names), machine)
  const state = await readState(project.paths.machine(name))
  if (state === null) throw notCreated(name)
  const provider = await project.providers.get(state.provider)
  const status = await provider.status(state.spec)
  if (!isUp(status)) throw notRunning(name, nameOf(state, status))
  return { state, provider }
}
