import { PosadaError } from '../errors/index.ts'
import { readState } from '../project/machine-state.ts'
import { clientConfig, type SshTarget } from '../ssh/index.ts'
import { sshTarget } from './guest/target.ts'
import type { Project } from './project.ts'
import { selectMachines } from './select.ts'
import { sshProxyCommand } from './ssh-proxy.ts'

/**
 * Text for OpenSSH's ssh_config(5) with a Host for each machine that exists; a machine's port stays
 * the same for as long as nobody takes it while the machine is stopped.
 */
export async function sshConfig(project: Project, machines: readonly string[]): Promise<string> {
  const targets: SshTarget[] = []
  for (const { name } of selectMachines(project.manifest, machines)) {
    const paths = project.paths.machine(name)
    const state = await readState(paths)
    if (state?.login.ownKey === true)
      targets.push(sshTarget(await project.providers.get(state.provider), state, paths))
    else if (machines.length > 0) throw notYet(name)
  }
  if (targets.length === 0) throw notYet(undefined)
  return clientConfig(targets, (machine) => sshProxyCommand(project, machine))
}

function notYet(machine: string | undefined): PosadaError {
  const what = machine === undefined ? 'no machine of the project has' : `machine ${machine} has not`
  return new PosadaError('E_NOT_CREATED', `${what} been up yet`, {
    hint: 'posada up makes it',
    ...(machine === undefined ? {} : { machine }),
  })
}
