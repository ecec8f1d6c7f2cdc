import { PosadaError } from '../errors/index.ts'
import type { ProvisionStep } from '../manifest/index.ts'
import { digestOf } from './step-kinds.ts'

export interface StepRecord {
  digest: string
  /** ISO 8601. */
  at: string
}

/** What has been done in a machine. Each write is on disk when its promise resolves. */
export interface ProvisionRecord {
  get(name: string): StepRecord | undefined
  save(name: string, entry: StepRecord): Promise<void>
  remove(name: string): Promise<void>
  /** The step's run failed with an error of this code. */
  fail(name: string, failure: { at: string; code: string }): Promise<void>
}

export interface PlannedStep {
  step: ProvisionStep
  /** Of what it does now, and of what it did when it last ran; null: it never did. */
  digest: string
  before: string | null
  due: boolean
  /** Values of what the step calls sensitive, where it is due and is to run; never written down. */
  secrets?: Readonly<Record<string, string>>
}

export interface PlanOptions {
  machine: string
  /** Only the step of this name; E_STEP_UNKNOWN where there is none. */
  only?: string
  /** Only the step of this name and those behind it; E_STEP_UNKNOWN as well. */
  from?: string
  /** Whether the machine goes on from its memory. */
  woken?: boolean
  /** Whether it is a copy of another. */
  copied?: boolean
  /** Steps that are done are due, too. */
  force?: boolean
}

/**
 * Which steps are due, by their `run` and the record. Reads the host's files, so that a script that is missing is
 * found before anything has run; needs no guest. Throws E_STEP_UNKNOWN, E_PROVISION_SOURCE.
 */
export async function planSteps(
  steps: readonly ProvisionStep[],
  record: Pick<ProvisionRecord, 'get'>,
  options: PlanOptions,
): Promise<PlannedStep[]> {
  const { force = false, woken = false, copied = false } = options
  const plan: PlannedStep[] = []
  for (const step of chosen(steps, options)) {
    const digest = await digestOf(step)
    const done = record.get(step.name)
    plan.push({
      step,
      digest,
      before: done?.digest ?? null,
      due: force || isDue(step, digest, { done, woken, copied }),
    })
  }
  return plan
}

function chosen(
  steps: readonly ProvisionStep[],
  { only, from, machine }: PlanOptions,
): readonly ProvisionStep[] {
  const name = only ?? from
  if (name === undefined) return steps
  const at = steps.findIndex((step) => step.name === name)
  if (at < 0) throw unknownStep(name, steps, machine)
  return steps.slice(at, only === undefined ? undefined : at + 1)
}

function isDue(
  { run, onResume = false, onFork = false }: ProvisionStep,
  digest: string,
  { done, woken, copied }: { done: StepRecord | undefined; woken: boolean; copied: boolean },
): boolean {
  if (woken && onResume) return true
  if (run === 'never') return copied && onFork && done === undefined
  if (done === undefined || run === 'always') return true
  return run === 'changed' && done.digest !== digest
}

function unknownStep(only: string, steps: readonly ProvisionStep[], machine: string): PosadaError {
  const names = steps.map((step) => step.name)
  return new PosadaError(
    'E_STEP_UNKNOWN',
    `machine ${machine} has no provision step ${JSON.stringify(only)}`,
    {
      value: only,
      machine,
      hint: names.length === 0 ? 'it has no provision steps' : `its steps are ${names.join(', ')}`,
    },
  )
}
