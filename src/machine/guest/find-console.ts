import { PosadaError } from '../../errors/index.ts'
import { readState } from '../../project/index.ts'
import { isUp, type MachineSpec, type Provider } from '../../provider/index.ts'
import { nameOf } from '../observed/observe.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { selectWithOrphans, theOnly } from '../select.ts'
import { notCreated, notRunning } from './session.ts'

/** The serial console of a machine that has a process, ready or not. */
export interface FoundConsole {
  spec: MachineSpec
  provider: Provider
  write: (bytes: Uint8Array, signal: AbortSignal) => Promise<boolean>
}

/** E_NOT_CREATED, E_NOT_RUNNING, or E_CAPABILITY where nothing can be written to its console. */
export async function findConsole(
  project: Declared & Places & Providing,
  machine: string | undefined,
): Promise<FoundConsole> {
  const names = machine === undefined ? [] : [machine]
  const { name } = theOnly(await selectWithOrphans(project.manifest, project.paths, names), machine)
  const state = await readState(project.paths.machine(name))
  if (state === null) throw notCreated(name)
  const { spec } = state
  const provider = await project.providers.get(state.provider)
  const status = await provider.status(spec)
  if (!isUp(status)) throw notRunning(name, nameOf(state, status))
  const write = async (bytes: Uint8Array, signal?: AbortSignal) =>
    (await provider.writeConsole?.(spec, bytes, signal)) ?? false
  if (await write(new Uint8Array())) return { spec, provider, write }
  throw new PosadaError('E_CAPABILITY', `nothing can be written to the console of machine ${name}`, {
    value: state.provider,
    machine: name,
    hint:
      provider.writeConsole === undefined
        ? `the provider ${state.provider} only shows it: posada logs ${name} --console --follow`
        : `it was started by an older version of Posada, or its sockets are gone since a logout: posada reload ${name}`,
  })
}
