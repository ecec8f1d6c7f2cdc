import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { type PlannedStep, type ProvisionRecord, runSteps } from '../../provisioners/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import type { ProvisionResult } from '../results.ts'

/** Carries out a plan in one machine, whose lock is held; each success is in its state before the next step begins. */
export function runProvision(
  project: Places & Reporting,
  { config, state }: { config: Machine; state: MachineState },
  { plan, open }: { plan: readonly PlannedStep[]; open: () => Promise<SshSession> },
): Promise<ProvisionResult[]> {
  const { emit, signal } = project
  return runSteps(plan, open, recordOf(project, state), { emit, signal, machine: config.name })
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
