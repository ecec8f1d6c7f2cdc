import { isPosadaError, PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { abortAfter } from '../lib/async/time-limit.ts'
import type { FileStep, ProvisionStep, ShellStep } from '../manifest/index.ts'
import { exec, type SshSession } from '../ssh/index.ts'
import type { Provisioner, StepContext } from './contract.ts'
import { fileProvisioner } from './file/index.ts'
import { shellProvisioner } from './shell/index.ts'

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
}

export interface ProvisionOptions {
  emit: Emit
  machine: string
  signal?: AbortSignal
}

export interface PlanOptions {
  machine: string
  /** Only the step of this name; E_STEP_UNKNOWN where there is none. */
  only?: string
  /** Steps that are done are due, too. */
  force?: boolean
}

export interface StepOutcome {
  name: string
  result: 'ran' | 'skipped'
  /** Milliseconds. */
  ms: number
}

export interface PlannedStep {
  step: ProvisionStep
  /** Of what it does now, and of what it did when it last ran; null: it never did. */
  digest: string
  before: string | null
  due: boolean
}

/**
 * Carries out a plan, in order, and records each step before the next begins. What a step wrote is
 * flushed to the guest's disk before it is recorded. A step that is about to run is taken off the record, so that one
 * that fails is never taken for done. `open` is called only when something is due.
 *
 * Throws E_PROVISION_SOURCE, E_PROVISION_STEP, E_PROVISION_TIMEOUT, E_SSH_LOST, or the signal's reason.
 */
export async function runSteps(
  plan: readonly PlannedStep[],
  open: () => Promise<SshSession>,
  record: ProvisionRecord,
  options: ProvisionOptions,
): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = []
  let session: SshSession | undefined
  for (const { step, digest, due } of plan) {
    options.signal?.throwIfAborted()
    const began = performance.now()
    if (due) {
      session ??= await open()
      if (record.get(step.name) !== undefined) await record.remove(step.name)
      await tellStep(step, session, options)
      await record.save(step.name, { digest, at: new Date().toISOString() })
    } else {
      tell(options, step, 'skip', { message: `provision step ${step.name}: already done` })
    }
    outcomes.push({
      name: step.name,
      result: due ? 'ran' : 'skipped',
      ms: Math.round(performance.now() - began),
    })
  }
  return outcomes
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
  const { only, force = false } = options
  const chosen = only === undefined ? steps : steps.filter((step) => step.name === only)
  if (only !== undefined && chosen.length === 0) throw unknownStep(only, steps, options.machine)
  const plan: PlannedStep[] = []
  for (const step of chosen) {
    const digest = await digestOf(step)
    const done = record.get(step.name)
    plan.push({ step, digest, before: done?.digest ?? null, due: force || isDue(step, digest, done) })
  }
  return plan
}

function isDue(step: ProvisionStep, digest: string, done: StepRecord | undefined): boolean {
  if (done === undefined || step.run === 'always') return true
  return step.run === 'changed' && done.digest !== digest
}

async function tellStep(step: ProvisionStep, session: SshSession, options: ProvisionOptions): Promise<void> {
  const began = performance.now()
  tell(options, step, 'start', { message: `provision step ${step.name}` })
  try {
    await runInTime(step, session, options)
  } catch (error) {
    const failure = explain(error, step, options.machine)
    tell(options, step, 'fail', { message: `provision step ${step.name}`, ms: performance.now() - began })
    throw failure
  }
  tell(options, step, 'done', { message: `provision step ${step.name}`, ms: performance.now() - began })
}

/** The step's timeout and the user's interruption are one signal for the provisioner; the first counts. */
async function runInTime(step: ProvisionStep, session: SshSession, options: ProvisionOptions): Promise<void> {
  const { emit, machine, signal } = options
  const limit = { limit: step.timeout, late: () => timedOut(step, machine), signal }
  await abortAfter(limit, async (own) => {
    await runStep(step, session, { emit, machine, signal: own })
    await flushDisks(session, own)
  })
}

/**
 * What a step wrote is on the machine's disk before the step is recorded as done: the record outlives
 * a power cut, and so must the work. A guest without sync(1) goes without.
 */
async function flushDisks(session: SshSession, signal: AbortSignal): Promise<void> {
  await exec(session, ['sync'], { signal })
}

function digestOf(step: ProvisionStep): Promise<string> {
  return withProvisioner(step, (provisioner, own) => provisioner.digest(own))
}

function runStep(step: ProvisionStep, session: SshSession, context: StepContext): Promise<void> {
  return withProvisioner(step, (provisioner, own) => provisioner.run(own, session, context))
}

function withProvisioner<T>(
  step: ProvisionStep,
  use: <Step extends ShellStep | FileStep>(provisioner: Provisioner<Step>, step: Step) => Promise<T>,
): Promise<T> {
  switch (step.kind) {
    case 'shell':
      return use(shellProvisioner, step)
    case 'file':
      return use(fileProvisioner, step)
  }
}

function tell(
  { emit, machine }: ProvisionOptions,
  step: ProvisionStep,
  status: 'start' | 'done' | 'skip' | 'fail',
  rest: { message: string; ms?: number },
): void {
  emit({ type: 'step', status, step: `provision:${step.name}`, machine, ...rest })
}

function explain(error: unknown, step: ProvisionStep, machine: string): unknown {
  if (!isPosadaError(error, 'E_SSH_LOST')) return error
  return new PosadaError('E_SSH_LOST', `the connection broke off during provision step ${step.name}`, {
    value: step.name,
    place: step.place,
    machine,
    hint: `a step must not restart the guest; the step will run again: posada provision ${machine}`,
    cause: error,
  })
}

function timedOut(step: ProvisionStep, machine: string): PosadaError {
  const seconds = (step.timeout ?? 0) / 1000
  const message = `provision step ${step.name} took longer than its timeout of ${seconds} s and was stopped`
  return new PosadaError('E_PROVISION_TIMEOUT', message, {
    value: step.name,
    place: step.place,
    machine,
    hint: "give it more time with the step's timeout, or find out what it waits for",
  })
}

function unknownStep(only: string, steps: readonly ProvisionStep[], machine: string): PosadaError {
  const names = steps.map((step) => step.name)
  return new PosadaError(
    'E_STEP_UNKNOWN',
    `machine ${machine} has no provision step ${JSON.stringify(only)}`,
    {
      value: only,
      machine,
      hint: names.length === 0 ? 'it has no provision steps at all' : `its steps are ${names.join(', ')}`,
    },
  )
}
