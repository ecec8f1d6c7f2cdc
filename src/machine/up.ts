import { availableParallelism } from 'node:os'
import { PosadaError } from '../errors/index.ts'
import { type Outcome, runGraph } from '../lib/graph.ts'
import type { Machine, Manifest } from '../manifest/index.ts'
import { ensureIdentity } from '../project/identity.ts'
import { noteInIndex } from '../project/user-index.ts'
import type { Project } from './project.ts'
import type { UpMachineResult } from './results.ts'
import { selectMachines } from './select.ts'
import { upMachine } from './up-machine.ts'
import { type Failure, throwFailures } from './work.ts'

export interface UpOptions {
  /** None: all. */
  machines: readonly string[]
  /** Whether provision steps run. */
  provision: boolean
}

/**
 * Brings machines up, with those they depend on: makes what is missing, starts what is stopped, runs
 * the provision steps that are due, and touches nothing else. One machine's failure stops only
 * those that depend on it; all failures are thrown together.
 */
export async function up(project: Project, options: UpOptions): Promise<UpMachineResult[]> {
  const { manifest, paths, user } = project
  const wanted = withDependencies(manifest, selectMachines(manifest, options.machines))
  const { id } = await ensureIdentity(paths)
  await noteInIndex(user.projects, { version: 1, id, root: manifest.root, name: manifest.name })
  const outcomes = await runGraph(wanted, atOnce(wanted), (config) =>
    upMachine(project, { projectId: id, config, provision: options.provision }),
  )
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

/** `machines` and all that they depend on, directly or not, in the manifest's order. */
export function withDependencies(manifest: Manifest, machines: readonly Machine[]): Machine[] {
  const wanted = new Set<string>()
  const add = (machine: Machine) => {
    if (wanted.has(machine.name)) return
    wanted.add(machine.name)
    for (const other of manifest.machines) if (machine.dependsOn.includes(other.name)) add(other)
  }
  machines.forEach(add)
  return manifest.machines.filter((machine) => wanted.has(machine.name))
}

/** Booting machines together is of use as long as each finds processors for its own. */
function atOnce(machines: readonly Machine[]): number {
  const widest = Math.max(1, ...machines.map((machine) => machine.cpus))
  return Math.max(1, Math.floor(availableParallelism() / widest))
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
      hint: `mend ${because} and run posada up again; what is up stays up`,
    },
  )
}
