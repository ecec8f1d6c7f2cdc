import { type MachinePaths, type MachineState, readState } from '../../project/index.ts'
import type { Providing } from '../project.ts'
import { record } from '../record.ts'
import { withLayers } from './chain.ts'
import { settleDisks } from './settle.ts'

/**
 * Gives a machine that is recorded, and whose layers are there, empty disks over them: it begins where whatever left the
 * layers stood. Returns the state as written.
 */
export async function makeDisksOver(
  { providers }: Providing,
  paths: MachinePaths,
  written: MachineState,
): Promise<MachineState> {
  const settled = await settleDisks(paths, (await readState(paths)) ?? written)
  const disks = await withLayers(paths, settled.spec.disks)
  const made = await record(paths, (now) => ({ ...now, spec: { ...now.spec, disks } }))
  const provider = await providers.get(made.provider)
  await provider.create(made.spec)
  return made
}
