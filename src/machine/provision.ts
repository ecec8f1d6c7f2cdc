import { PosadaError } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import type { MachineState } from '../project/index.ts'
import { type ProvisionOptions, type ProvisionRecord, planSteps, runSteps } from '../provisioners/index.ts'
import { connect, type SshSession } from '../ssh/index.ts'
import { findReachable, notCreated } from './guest/session.ts'
import { sshTarget } from './guest/target.ts'
import type { Declared, Locking, Places, Project, Providing, Reporting, Scripts } from './project.ts'
import { stepsOf } from './provision-steps.ts'
import { record } from './record.ts'
import type { ProvisionResult } from './results.ts'
import { processors } from './schedule/processors.ts'
import { workTogether } from './schedule/work-together.ts'
import { selectMachines } from './select.ts'
import { failuresOf, hasFolder, throwFailures, withMachineLock } from './work.ts'

export interface ProvisionVerbOptions {
  /** None: all. */
  machines: readonly string[]
  /** Only the step of this name. */
  step?: string
  /** Runs steps that are done, too. */
  force: boolean
}

/**
 * Runs the provision steps that are due in running machines, in the order of their dependencies and as
 * many at once as the host has processors for. A failure stops no other machine.
 */
export async function provision(
  project: Project,
  options: ProvisionVerbOptions,
): Promise<{ name: string; steps: ProvisionResult[] }[]> {
  const together = { ...processors, despiteFailures: true, done: () => 'is provisioned' }
  const outcomes = await workTogether(
    project,
    machinesWithStep(project, options),
    together,
    async (config) => {
      project.signal.throwIfAborted()
      return { name: config.name, steps: await provisionRunning(project, config, options) }
    },
  )
  project.signal.throwIfAborted()
  throwFailures(failuresOf(outcomes))
  return outcomes.flatMap((outcome) => (outcome.status === 'done' ? [outcome.value] : []))
}

async function provisionRunning(
  project: Declared & Places & Providing & Locking & Scripts,
  config: Machine,
  { step, force }: ProvisionVerbOptions,
): Promise<ProvisionResult[]> {
  if (!(await hasFolder(project, config.name))) throw notCreated(config.name)
  return withMachineLock(project, config.name, async () => {
    const { state } = await findReachable(project, config.name)
    const only = step === undefined ? {} : { only: step }
    return provisionMachine(project, { config, state, session: null, force, ...only })
  })
}

/** Where no machine is named, a step is looked for in all of them, and only those that have it are meant. */
function machinesWithStep({ manifest }: Declared, { machines, step }: ProvisionVerbOptions): Machine[] {
  const selected = selectMachines(manifest, machines)
  if (step === undefined || machines.length > 0 || selected.length === 1) return selected
  const having = selected.filter((machine) => machine.provision.some(({ name }) => name === step))
  if (having.length > 0) return having
  const names = new Set(selected.flatMap((machine) => machine.provision.map(({ name }) => name)))
  throw new PosadaError('E_STEP_UNKNOWN', `no machine has a provision step ${JSON.stringify(step)}`, {
    value: step,
    hint: names.size === 0 ? 'there are no provision steps at all' : `steps are ${[...names].join(', ')}`,
  })
}

export interface ProvisionInputs {
  config: Machine
  state: MachineState
  /** Open, or null: one is opened when something is due, and closed again. */
  session: SshSession | null
  force?: boolean
  only?: string
}

/** Runs what is due in one machine, whose lock is held; each success is in its state before the next begins. */
export async function provisionMachine(
  project: Places & Providing & Reporting & Scripts,
  inputs: ProvisionInputs,
): Promise<ProvisionResult[]> {
  const { config, state, session, force = false, only } = inputs
  const { emit, signal } = project
  let opened: SshSession | undefined
  const open = async () => {
    const provider = await project.providers.get(state.provider)
    const target = sshTarget(provider, state, project.paths.machine(config.name))
    opened = await connect(target, { signal })
    return opened
  }
  const options: ProvisionOptions = { emit, signal, machine: config.name, force }
  if (only !== undefined) options.only = only
  try {
    const steps = await stepsOf(project, config)
    return await runSteps(steps, session ?? open, recordOf(project, state), options)
  } finally {
    await opened?.close()
  }
}

/** Finds scripts and files that cannot be had before a machine is started for them. */
export async function checkSources(
  project: Scripts,
  config: Machine,
  state: MachineState | null,
): Promise<void> {
  const done = state?.provision ?? {}
  await planSteps(await stepsOf(project, config), { get: (name) => done[name] }, { machine: config.name })
}

function recordOf(project: Places, state: MachineState): ProvisionRecord {
  const paths = project.paths.machine(state.spec.name)
  let done = state.provision
  const put = async (steps: MachineState['provision']) => {
    done = (await record(paths, (now) => ({ ...now, provision: steps }))).provision
  }
  return {
    get: (name) => done[name],
    save: (name, entry) => put({ ...done, [name]: entry }),
    async remove(name) {
      const { [name]: _, ...others } = done
      await put(others)
    },
  }
}
