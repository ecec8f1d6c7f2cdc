import { isPosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { checkPluginStep, type PlannedStep, planSteps } from '../../provisioners/index.ts'
import type { StepDecision } from '../plan/decide.ts'
import type { Scripts, Secrets } from '../project.ts'
import { fetchScripts, stepsOf, withEnvironment } from './steps.ts'

export interface PlanInputs {
  /** Null: the machine is not made yet. */
  state: MachineState | null
  /** Only the step of this name. */
  only?: string
  /** Only the step of this name and those behind it. */
  from?: string
  /** Whether it goes on from its memory. Left out: false. */
  woken?: boolean
  /** Steps that are done run too. */
  force?: boolean
}

/**
 * A machine's steps, and which of them are due; needs no guest. Scripts that have a URL are fetched, sources read, and so
 * are the sensitive values of steps that are due.
 */
export async function planProvision(
  project: Scripts & Secrets,
  config: Machine,
  { state, ...options }: PlanInputs,
): Promise<PlannedStep[]> {
  const done = state?.provision ?? {}
  const record = { get: (name: string) => done[name] }
  const plan = await planSteps(await stepsOf(project, config), record, {
    ...options,
    copied: state?.copy !== undefined,
    machine: config.name,
  })
  const complete: PlannedStep[] = []
  // One by one: a command that gets a secret may ask for a password.
  for (const planned of plan) {
    if (planned.due && planned.step.kind === 'uses') await checkPluginStep(planned.step)
    complete.push(planned.due ? { ...planned, secrets: await secretsOf(project, planned) } : planned)
  }
  return complete
}

/**
 * A machine with those of its steps that run when it goes on from its memory, its own or, for a copy, another's; null where
 * it has none.
 */
export function onWaking(config: Machine, state: Pick<MachineState, 'copy'> | null): Machine | null {
  const copied = state?.copy !== undefined
  const provision = config.provision.filter(
    ({ onResume, onFork }) => onResume === true || (copied && onFork === true),
  )
  return provision.length === 0 ? null : { ...config, provision }
}

async function secretsOf(project: Secrets, { step }: PlannedStep): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, place] of Object.entries(step.kind === 'shell' ? step.sensitive : {}))
    found[name] = await project.readSecret(place, { name, step })
  return found
}

export function decisionsOf(plan: readonly PlannedStep[]): StepDecision[] {
  return plan.map(({ step: { name, run, cache }, due, before, digest }) => ({
    ...{ name, due, from: before, to: digest },
    ...{ always: run === 'always', cache: cache === true },
  }))
}

/**
 * The same for a command that only looks: nothing is written down, and of a step whose script posada.lock does not
 * have it is only known that `up` would fetch it.
 */
export async function foreseeProvision(
  project: Scripts,
  config: Machine,
  { state, woken = false }: Pick<PlanInputs, 'state' | 'woken'>,
): Promise<StepDecision[]> {
  const done = state?.provision ?? {}
  const record = { get: (name: string) => done[name] }
  const copied = state?.copy !== undefined
  const foresee = async (step: Machine['provision'][number]): Promise<StepDecision[]> => {
    try {
      const known = await fetchScripts(project, { ...config, provision: [step] })
      return decisionsOf(
        await planSteps(withEnvironment(config, known), record, { machine: config.name, woken, copied }),
      )
    } catch (error) {
      if (!isPosadaError(error, 'E_NOT_LOCKED')) throw error
      const from = done[step.name]?.digest ?? null
      const due =
        (woken && step.onResume === true) ||
        (step.run === 'never'
          ? copied && step.onFork === true && from === null
          : step.run !== 'once' || from === null)
      return [{ name: step.name, due, from, to: null, cache: step.cache === true }]
    }
  }
  return (await Promise.all(config.provision.map(foresee))).flat()
}
