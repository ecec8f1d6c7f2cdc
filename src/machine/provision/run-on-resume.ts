import { type MachineState, readState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import { openSession } from '../guest/reach-guest.ts'
import type { Project } from '../project.ts'
import { onWaking, planProvision } from './plan-provision.ts'
import { runProvision } from './run-provision.ts'

/** Runs the steps of a machine, whose lock is held, that are to run each time that it goes on from its memory. */
export async function runOnResume(
  project: Project,
  { provider, previous }: { provider: Provider; previous: MachineState },
): Promise<void> {
  const { name } = previous.spec
  const written = project.manifest.machines.find((machine) => machine.name === name)
  const config = written === undefined ? null : onWaking(written, previous)
  const paths = project.paths.machine(name)
  const state = config === null ? null : await readState(paths)
  if (config === null || state === null) return
  const plan = await planProvision(project, config, { state, woken: true })
  let opened: SshSession | undefined
  const open = async () => {
    opened ??= await openSession(project, { provider, state, paths, bootTimeout: config.bootTimeout })
    return opened
  }
  try {
    await runProvision(project, { config, state }, { plan, open })
  } finally {
    await opened?.close()
  }
}
