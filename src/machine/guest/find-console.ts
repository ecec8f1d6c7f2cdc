import { PosadaError } from '../../errors/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { findUp } from './find-up.ts'

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
  const { state, provider } = await findUp(project, machine)
  const { spec } = state
  const write = async (bytes: Uint8Array, signal?: AbortSignal) =>
    (await provider.writeConsole?.(spec, bytes, signal)) ?? false
  if (await write(new Uint8Array())) return { spec, provider, write }
  throw new PosadaError('E_CAPABILITY', `nothing can be written to the console of machine ${spec.name}`, {
    value: state.provider,
    machine: spec.name,
    hint:
      provider.writeConsole === undefined
        ? `the provider ${state.provider} only shows it: posada logs ${spec.name} --console --follow`
        : `it was started by an older version of Posada, or its sockets are gone since a logout: posada reload ${spec.name}`,
  })
}
