import { readState } from '../project/index.ts'
import { isUp } from '../provider/index.ts'
import { sshAddress } from './guest/target.ts'
import { forwardedNow } from './ports/forwarded.ts'
import type { Project } from './project.ts'
import type { PortsResult } from './results.ts'
import { selectMachines } from './select.ts'

/** The host's ports that lead into the running machines, and these machines' private addresses. */
export async function ports(project: Project, machines: readonly string[]): Promise<PortsResult[]> {
  const results: PortsResult[] = []
  for (const config of selectMachines(project.manifest, machines)) {
    const { name } = config
    const paths = project.paths.machine(name)
    const state = await readState(paths)
    if (state === null) continue
    const provider = await project.providers.get(state.provider)
    if (!isUp(await provider.status(state.spec))) continue
    const auto = await forwardedNow(project, config)
    if (auto === null) {
      const message = 'automatic port forwarding has stopped'
      const hint = `posada up ${name} starts it again`
      project.emit({ type: 'notice', level: 'warn', machine: name, message, hint })
    }
    results.push({
      machine: name,
      ssh: sshAddress(provider, state, paths),
      ports: [...state.ports, ...(auto ?? [])],
      networks: (state.networks ?? []).map(({ network, ipv4, ipv6 }) => ({ name: network, ipv4, ipv6 })),
    })
  }
  return results
}
