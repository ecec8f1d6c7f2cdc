import type { MachineState } from '../../project/index.ts'
import type { MachineStatus, Provider } from '../../provider/index.ts'
import type { MachineStateName, Observed } from '../facts/observed.ts'

import { findDeath } from './panic.ts'
import { stallOf } from './stall.ts'

/** How a machine is, from all that can tell: its hypervisor, the records, its console. */
export interface Condition {
  name: MachineStateName
  found: MachineStatus
  /** The last words of a guest whose kernel panicked while the hypervisor goes on. */
  panic: string | null
}

/** Asks the hypervisor; nothing is changed. */
export async function conditionOf(provider: Provider, state: MachineState): Promise<Condition> {
  const found = await provider.status(state.spec)
  const panic =
    found.state === 'running'
      ? await findDeath(state.spec.files.consoleLog, state.start?.consoleFrom ?? 0)
      : null
  return { name: panic === null ? nameOf(state, found) : 'crashed', found, panic }
}

/** The same as a decision wants it: what has to be treated differently has a name of its own. */
export function observedAs({ name, found, panic }: Condition): Observed {
  if (panic !== null) return { state: 'panicked', detail: panic }
  const stall = stallOf(found)
  if (stall !== null) return { state: 'stalled', detail: stall }
  if (name === 'unknown') throw new Error('a machine whose hypervisor was asked is not unknown')
  return { state: name, detail: found.state === 'stopped' ? (found.reason ?? null) : null }
}

/** The one name for what the records and the hypervisor say together. */
export function nameOf(state: MachineState, found: MachineStatus): MachineStateName {
  switch (found.state) {
    case 'running':
      return state.start?.readyAt === undefined || state.copy?.due === true ? 'starting' : 'running'
    case 'paused':
      return 'paused'
    case 'absent':
      return 'created'
    case 'stopped':
      if (state.suspended !== undefined) return 'suspended'
      if (found.crashed || state.start?.panic !== undefined) return 'crashed'
      return state.start === undefined ? 'created' : 'stopped'
  }
}
