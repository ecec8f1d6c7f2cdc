import { isPosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { StepDecision } from '../plan/decide.ts'
import type { Scripts } from '../project.ts'
import type { StepStatus } from '../results.ts'

/** How each provision step of a machine stands; null: the machine is not made yet. Nothing is fetched or changed. */
export function stepStatus(
  project: Scripts,
  config: Machine,
  state: MachineState | null,
): Promise<StepStatus[]> {
  return Promise.all(
    config.provision.map(async (step) => {
      const { name, kind, run } = step
      const decision = await decide(project, { ...config, provision: [step] }, state)
      const { due, from, to, problem } = decision
      return {
        name,
        kind,
        run,
        doneAt: state?.provision[name]?.at ?? null,
        changed: from === null || to === null ? null : from !== to,
        due,
        failed: state?.failedSteps?.[name] ?? null,
        ...(problem === undefined ? {} : { problem }),
      }
    }),
  )
}

type Foreseen = Pick<StepDecision, 'due' | 'from' | 'to'> & { problem?: string }

/** A step whose file is missing is said to have that problem, and keeps no other from being shown. */
async function decide(project: Scripts, config: Machine, state: MachineState | null): Promise<Foreseen> {
  try {
    const { foreseeProvision } = await import('./plan-provision.ts')
    const [decision] = await foreseeProvision(project, config, { state })
    if (decision !== undefined) return decision
    throw new Error('a step is foreseen in one way')
  } catch (error) {
    if (!isPosadaError(error, 'E_PROVISION_SOURCE', 'E_PROVISIONER_UNKNOWN')) throw error
    return { due: true, from: null, to: null, problem: error.message }
  }
}
