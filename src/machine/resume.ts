import { PosadaError } from '../errors/index.ts'
import { readState } from '../project/index.ts'
import { notCreatedYet } from './down/not-created.ts'
import type { MachineStateName } from './facts/observed.ts'
import { conditionOf } from './observed/observe.ts'
import type { Places, Project, Providing } from './project.ts'
import type { UpMachineResult } from './results.ts'
import { selectMachines } from './select.ts'
import { up } from './up.ts'

/**
 * Lets suspended and paused machines go on; those that run are left alone. No names: all that are suspended or paused.
 * E_NOT_SUSPENDED for one that is named and would have to boot, E_NOT_CREATED for one that was never made.
 */
export async function resume(project: Project, machines: readonly string[]): Promise<UpMachineResult[]> {
  const isNamed = machines.length > 0
  const awake: string[] = []
  for (const { name } of selectMachines(project.manifest, machines)) {
    const state = await stateOf(project, name)
    if (state === 'suspended' || state === 'paused') awake.push(name)
    else if (isNamed && state === 'absent') throw notCreatedYet([name])
    else if (isNamed && state === 'running') awake.push(name)
    else if (isNamed) throw notSuspended(name, state)
  }
  return awake.length === 0 ? [] : up(project, { machines: awake, provision: false, alone: true })
}

async function stateOf(project: Places & Providing, name: string): Promise<MachineStateName> {
  const state = await readState(project.paths.machine(name))
  if (state === null) return 'absent'
  return (await conditionOf(await project.providers.get(state.provider), state)).name
}

function notSuspended(machine: string, state: MachineStateName): PosadaError {
  return new PosadaError('E_NOT_SUSPENDED', `machine ${machine} is not suspended`, {
    machine,
    value: state,
    hint: `posada up ${machine} brings it up`,
  })
}
