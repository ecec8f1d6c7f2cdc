import { PosadaError } from '../errors/index.ts'
import { domainOf } from '../network/index.ts'
import { type RecordedAttachment, readState } from '../project/index.ts'
import { clientConfig, type NamedTarget } from '../ssh/index.ts'
import { requireLogin } from './facts/guest-kind.ts'
import { sshTarget } from './guest/target.ts'
import type { Project } from './project.ts'
import { selectMachines } from './select.ts'
import { sshProxyCommand } from './ssh-proxy.ts'

/**
 * Text for OpenSSH's ssh_config(5) with a Host for each machine that exists, by its name and private addresses; a
 * machine's port stays
 * the same for as long as no other program takes it while the machine is stopped.
 */
export async function sshConfig(project: Project, machines: readonly string[]): Promise<string> {
  const targets: NamedTarget[] = []
  for (const { name } of selectMachines(project.manifest, machines)) {
    const paths = project.paths.machine(name)
    const state = await readState(paths)
    if (state?.login.ownKey === true)
      targets.push({
        ...sshTarget(await project.providers.get(state.provider), state, paths),
        names: namesOf(state.networks ?? [], name, project.manifest.name),
      })
    else if (machines.length > 0) {
      if (state !== null) requireLogin(name, state)
      throw notYet(name)
    }
  }
  if (targets.length === 0) throw notYet(undefined)
  return clientConfig(targets, (machine) => sshProxyCommand(project, machine))
}

/** Its name in this project, which no machine of another has, and what it is called on private networks, as among machines. */
function namesOf(networks: readonly RecordedAttachment[], machine: string, project: string): string[] {
  const domain = networks.length === 0 ? [] : [`${machine}.${domainOf(project)}`]
  return [`${machine}.${project}`, ...domain, ...networks.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])]
}

function notYet(machine: string | undefined): PosadaError {
  const what = machine === undefined ? 'the project has no machine that has' : `machine ${machine} has`
  return new PosadaError('E_NOT_CREATED', `${what} not been up yet`, {
    hint: 'posada up creates it',
    ...(machine === undefined ? {} : { machine }),
  })
}
