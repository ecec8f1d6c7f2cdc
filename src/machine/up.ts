import { PosadaError } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import { ensureIdentity, readState, unlessDamaged } from '../project/index.ts'
import { type Failure, throwFailures } from './failures.ts'
import type { HandOver } from './guest/reach-guest.ts'
import { checkSubnets } from './network/clashes.ts'
import { joinNetworks } from './network/process.ts'
import { isRunning } from './observed/is-running.ts'
import type { Places, Project, Providing } from './project.ts'
import type { UpMachineResult } from './results.ts'
import type { Outcome } from './schedule/graph.ts'
import { hostBudget } from './schedule/host-budget.ts'
import { processors } from './schedule/processors.ts'
import { workTogether } from './schedule/work-together.ts'
import { selectMachines, withDependencies } from './select.ts'
import { noteProject } from './up/note-project.ts'
import { upMachine } from './up/up-machine.ts'

export interface UpOptions {
  /** None: all. */
  machines: readonly string[]
  /** Whether provision steps run. */
  provision: boolean
  /** Whether disks that left the manifest are removed. Left out: false. */
  prune?: boolean
  handOver?: HandOver
  /** Whether suspended machines boot, without what they had in memory. Left out: false. */
  cold?: boolean
  /** Whether machines that they depend on are left alone. Left out: false. */
  alone?: boolean
}

/**
 * Brings machines up, with those they depend on: makes what is missing, starts what is stopped, runs
 * the provision steps that are due, and touches nothing else. One machine's failure stops only
 * those that depend on it; all failures are thrown together.
 */
export async function up(project: Project, options: UpOptions): Promise<UpMachineResult[]> {
  const { manifest, paths } = project
  const named = selectMachines(manifest, options.machines)
  const wanted = options.alone === true ? named : withDependencies(manifest, named)
  const { id } = await ensureIdentity(paths)
  await project.webFiles.keep()
  await noteProject(project, id)
  const networked = wanted.filter(({ networks }) => networks.length > 0)
  if (networked.length > 0) {
    await checkSubnets(project, await notRunning(project, networked))
    await joinNetworks(project, id, [])
  }
  const memory = hostBudget(project)
  const { provision, cold = false, prune = false, handOver } = options
  const outcomes = await workTogether(project, wanted, {
    ...processors,
    done: doneText,
    work: (config: Machine, onProvisioned) =>
      upMachine(project, { projectId: id, config, provision, cold, prune, memory, onProvisioned, handOver }),
  })
  const done: UpMachineResult[] = []
  const failures: Failure[] = []
  for (const outcome of outcomes) {
    if (outcome.status === 'done') done.push(outcome.value)
    else failures.push({ machine: outcome.name, error: errorOf(outcome) })
  }
  project.signal.throwIfAborted()
  throwFailures(failures)
  return done
}

/** Those that are yet to be started. */
async function notRunning(project: Places & Providing, machines: readonly Machine[]): Promise<Machine[]> {
  const running = await Promise.all(
    machines.map(async ({ name }) => {
      // What is wrong with one that is damaged is told when its turn comes.
      const state = await unlessDamaged(readState(project.paths.machine(name)))
      return state !== null && (await isRunning(project, state))
    }),
  )
  return machines.filter((_, index) => running[index] === false)
}

function doneText({ change, ready }: UpMachineResult): string {
  return `${change === 'none' ? 'was up already' : 'is up'}${ready === true ? ' and ready' : ''}`
}

function errorOf(outcome: Exclude<Outcome<unknown>, { status: 'done' }>): unknown {
  return outcome.status === 'failed' ? outcome.error : dependencyFailed(outcome.name, outcome.because)
}

function dependencyFailed(machine: string, because: string): PosadaError {
  return new PosadaError(
    'E_DEPENDENCY_FAILED',
    `machine ${machine} was not started: ${because} did not come up`,
    {
      machine,
      hint: `fix ${because}, then run posada up again; running machines are left alone`,
    },
  )
}
