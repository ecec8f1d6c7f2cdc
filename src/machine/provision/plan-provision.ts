import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { type PlannedStep, planSteps } from '../../provisioners/index.ts'
import type { StepDecision } from '../plan/decide.ts'
import type { Scripts } from '../project.ts'
import { stepsOf } from './steps.ts'

export interface PlanInputs {
  /** Null: the machine is not made yet. */
  state: MachineState | null
  /** Only the step of this name. */
  only?: string
  /** Steps that are done run too. */
  force?: boolean
}

/** A machine's steps, and which of them are due; needs no guest. Scripts that have a URL are fetched, sources read. */
export async function planProvision(
  project: Scripts,
  config: Machine,
  { state, ...options }: PlanInputs,
): Promise<PlannedStep[]> {
  const done = state?.provision ?? {}
  const record = { get: (name: string) => done[name] }
  return planSteps(await stepsOf(project, config), record, { ...options, machine: config.name })
}

export function decisionsOf(plan: readonly PlannedStep[]): StepDecision[] {
  return plan.map(({ step: { name }, due, before, digest }) => ({ name, due, from: before, to: digest }))
}
