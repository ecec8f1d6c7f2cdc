import { isPosadaError, PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { abortAfter } from '../lib/async/time-limit.ts'
import type { ProvisionStep } from '../manifest/index.ts'
import type { StepMark } from './contract.ts'
import type { PlannedStep, ProvisionRecord } from './plan.ts'
import { type GuestAccess, StepGuest } from './step-guest.ts'
import { runStep } from './step-kinds.ts'

export interface ProvisionOptions {
  emit: Emit
  machine: string
  record: ProvisionRecord
  signal?: AbortSignal
  /** See StepContext. */
  sshProxy?: readonly string[]
  /** Called when a step has been recorded as done. */
  afterStep?: (name: string) => Promise<void>
}

export interface StepOutcome {
  name: string
  result: 'ran' | 'skipped'
  /** Milliseconds. */
  ms: number
}

/**
 * Carries out a plan, in order, and records each step before the next begins. What a step wrote is
 * flushed to the guest's disk before it is recorded. A step that is about to run is taken off the record, so that
 * one that fails is never taken for done: each runs at least once. The guest is not touched where nothing is due.
 *
 * A step may restart the guest, which is then waited for; one with `reboot` has it restarted, and is recorded after that.
 *
 * Throws E_PROVISION_SOURCE, E_PROVISION_STEP, E_PROVISION_TIMEOUT, E_SSH_LOST, or the signal's reason.
 */
export async function runSteps(
  plan: readonly PlannedStep[],
  access: GuestAccess,
  options: ProvisionOptions,
): Promise<StepOutcome[]> {
  const { record } = options
  const outcomes: StepOutcome[] = []
  const guest = new StepGuest(access, (step) => {
    notice(options, `provision step ${step}, left running by a command that was killed, was stopped`)
  })
  for (const planned of plan) {
    const { step, digest, due } = planned
    options.signal?.throwIfAborted()
    const began = performance.now()
    if (due) {
      await guest.ready(options.signal)
      if (record.get(step.name) !== undefined) await record.remove(step.name)
      await tellStep(planned, guest, options)
      await record.save(step.name, { digest, at: new Date().toISOString() })
      await options.afterStep?.(step.name)
    } else {
      tell(options, step, { status: 'skip', message: `provision step ${step.name}: already done` })
    }
    const result = due ? 'ran' : 'skipped'
    outcomes.push({ name: step.name, result, ms: Math.round(performance.now() - began) })
  }
  await guest.settle()
  return outcomes
}

async function tellStep(planned: PlannedStep, guest: StepGuest, options: ProvisionOptions): Promise<void> {
  const { step } = planned
  const began = performance.now()
  const message = `provision step ${step.name}`
  tell(options, step, { status: 'start', message })
  try {
    const bootId = await guest.bootId(options.signal)
    await untilItSucceeds(planned, guest, options)
    if (step.reboot) await guest.restart(bootId, options.signal)
  } catch (error) {
    tell(options, step, { status: 'fail', message, ms: performance.now() - began })
    const failure = explain(error, step, options.machine)
    if (isPosadaError(failure))
      await options.record.fail(step.name, { at: new Date().toISOString(), code: failure.code })
    throw failure
  }
  tell(options, step, { status: 'done', message, ms: performance.now() - began })
}

/** Milliseconds before a step that failed is run again: doubled each time, up to the most. */
const pause = { first: 1000, most: 30_000 }

/** Runs a step again where it fails, as often as it says. */
async function untilItSucceeds(
  planned: PlannedStep,
  guest: StepGuest,
  options: ProvisionOptions,
): Promise<void> {
  const { retries } = planned.step
  for (let again = 1; ; again++) {
    try {
      return await runThrough(planned, guest, options)
    } catch (error) {
      const isItsOwn = isPosadaError(error, 'E_PROVISION_STEP', 'E_PROVISION_TIMEOUT')
      if (again > retries || !isItsOwn) throw error
      const wait = Math.min(pause.first * 2 ** (again - 1), pause.most)
      notice(options, `${error.message}; retry ${again} of ${retries} in ${wait / 1000} s`)
      await sleep(wait, options.signal)
    }
  }
}

/**
 * Runs a step to its end, a restart of the guest included. How its script ended a guest that goes down may not be able
 * to say: then it is run again, and a script that ends so each time is done.
 */
async function runThrough(planned: PlannedStep, guest: StepGuest, options: ProvisionOptions): Promise<void> {
  const { step, secrets = {} } = planned
  for (let isSecond = false; ; isSecond = true) {
    const run = { step, secrets, mark: guest.newMark(), hasEnded: false }
    try {
      await runInTime(run, guest, options)
      return
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(await guest.hasRestarted(error))) throw error
      if (run.hasEnded || (await guest.hasEnded(run.mark))) return
      const how = isSecond ? 'again, and counts as done' : 'before its script ended, and is run again'
      notice(options, `provision step ${step.name} restarted the guest ${how}`)
      if (isSecond) return
    }
  }
}

interface StepRun {
  step: ProvisionStep
  secrets: Readonly<Record<string, string>>
  mark: StepMark
  hasEnded: boolean
}

/** The step's timeout and the user's interruption are one signal for the provisioner; the first counts. */
async function runInTime(
  run: StepRun,
  guest: StepGuest,
  { emit, machine, signal, sshProxy = [] }: ProvisionOptions,
): Promise<void> {
  const { step, secrets, mark } = run
  const session = await guest.ready(signal)
  const limit = { limit: step.timeout, late: () => timedOut(step, machine), signal }
  await abortAfter(limit, async (own) => {
    await runStep(step, session, { emit, machine, mark, secrets, sshProxy, signal: own })
    run.hasEnded = true
    await guest.keep(own)
  })
}

function notice({ emit, machine }: ProvisionOptions, message: string): void {
  emit({ type: 'notice', level: 'warn', machine, message })
}

function tell(
  { emit, machine }: ProvisionOptions,
  step: ProvisionStep,
  rest: { status: 'start' | 'done' | 'skip' | 'fail'; message: string; ms?: number },
): void {
  emit({ type: 'step', step: `provision:${step.name}`, machine, ...rest })
}

function explain(error: unknown, step: ProvisionStep, machine: string): unknown {
  if (!isPosadaError(error, 'E_SSH_LOST')) return error
  return new PosadaError('E_SSH_LOST', `the connection was lost during provision step ${step.name}`, {
    value: step.name,
    place: step.place,
    machine,
    hint: `the guest did not restart; run the step again with posada provision ${machine}`,
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
