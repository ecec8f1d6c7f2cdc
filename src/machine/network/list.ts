import { asObject } from '../../lib/values/as-object.ts'
import type { Conditions } from '../../lib/values/link-conditions.ts'
import { readIdentity } from '../../project/index.ts'
import type { Project } from '../project.ts'
import { networkStatus } from './ask.ts'
import { networkConfig } from './config.ts'

export interface NetworkResult {
  name: string
  subnet: string
  ipv6: string
  isolated: boolean
  conditions: Conditions
  /** Those of pairs, the later ones over the earlier. */
  pairs: { between: [string, string]; conditions: Conditions }[]
  machines: { machine: string; ipv4: string; ipv6: string; mac: string; linked: boolean }[]
}

/** The project's networks with the addresses of their machines, and which of these are linked now. */
export async function listNetworks(
  project: Project,
): Promise<{ running: boolean; networks: NetworkResult[] }> {
  const identity = await readIdentity(project.paths)
  const { networks } = await networkConfig(project, identity?.id ?? '')
  const status = await networkStatus(project)
  const linked = linkedIn(status)
  return {
    running: status !== null,
    networks: networks.map(({ name, subnet, ipv6, isolated, conditions, pairs, members }) => ({
      ...{ name, subnet, ipv6, isolated, conditions, pairs },
      machines: members.map((member) => ({
        machine: member.machine,
        ipv4: member.ipv4,
        ipv6: member.ipv6,
        mac: member.mac,
        linked: linked.has(`${name} ${member.machine}`),
      })),
    })),
  }
}

/** `<network> <machine>` for each link that is up, in what the process says of its networks. */
export function linkedIn(status: Record<string, unknown> | null): Set<string> {
  const networks = Array.isArray(status?.networks) ? status.networks.map(asObject) : []
  return new Set(
    networks.flatMap(({ name, members }) =>
      (Array.isArray(members) ? members.map(asObject) : []).flatMap(({ machine, linked }) =>
        linked === true ? [`${name} ${machine}`] : [],
      ),
    ),
  )
}
