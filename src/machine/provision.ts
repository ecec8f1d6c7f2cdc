import { PosadaError } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import { connect, type SshSession } from '../ssh/index.ts'
import { failuresOf, throwFailures } from './failures.ts'
import { findReachable, notCreated } from './guest/session.ts'
import { runHooks } from './hooks/run-hooks.ts'
import { hasFolder, withMachineLock } from './machine-lock.ts'
import type { Declared, HostHooks, Locking, Places, Project, Providing, Scripts, Secrets } from './project.ts'
import { planProvision } from './provision/plan-provision.ts'
import { runProvision } from './provision/run-provision.ts'
import type { ProvisionResult } from './results.ts'
import { processors } from './schedule/processors.ts'
import { workTogether } from './schedule/work-together.ts'
import { selectMachines } from './select.ts'

export interface ProvisionVerbOptions {
  /** None: all. */
  machines: readonly string[]
  /** Only the step of this name. */
  step?: string
  /** Only the step of this name and those behind it. */
  from?: string
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
  const outcomes = await workTogether(project, machinesWithStep(project, options), {
    ...processors,
    despiteFailures: true,
    done: () => 'is provisioned',
    work: async (config) => {
      project.signal.throwIfAborted()
      return { name: config.name, steps: await provisionRunning(project, config, options) }
    },
  })
  project.signal.throwIfAborted()
  throwFailures(failuresOf(outcomes))
  return outcomes.flatMap((outcome) => (outcome.status === 'done' ? [outcome.value] : []))
}

async function provisionRunning(
  project: Declared & Places & Providing & Locking & Scripts & Secrets & HostHooks,
  config: Machine,
  { step, from, force }: ProvisionVerbOptions,
): Promise<ProvisionResult[]> {
  if (!(await hasFolder(project, config.name))) throw notCreated(config.name)
  return withMachineLock(project, config.name, async () => {
    const { state, target } = await findReachable(project, config.name)
    await runHooks(project, config, { when: 'before', verb: 'provision' })
    const only = step === undefined ? (from === undefined ? {} : { from }) : { only: step }
    const plan = await planProvision(project, config, { state, force, ...only })
    let opened: SshSession | undefined
    const open = async () => {
      opened = await connect(target, { signal: project.signal })
      return opened
    }
    try {
      const steps = await runProvision(project, { config, state }, { plan, open })
      await runHooks(project, config, { when: 'after', verb: 'provision' })
      return steps
    } finally {
      await opened?.close()
    }
  })
}

/** Where no machine is named, a step is looked for in all of them, and only those that have it are meant. */
function machinesWithStep({ manifest }: Declared, { machines, ...options }: ProvisionVerbOptions): Machine[] {
  const step = options.step ?? options.from
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
