import { dirname } from 'node:path'
import { lockHolder } from '../../background/index.ts'
import { PosadaError, throwProblems } from '../../errors/index.ts'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { formatSubnet, overlap, parseSubnet, type Subnet } from '../../lib/net/ip.ts'
import type { Machine, Network } from '../../manifest/index.ts'
import { forkAt, projectPaths, readIndex } from '../../project/index.ts'
import type { Declared, Places, Reporting } from '../project.ts'

/**
 * Looks whether networks that these machines are about to be on have addresses that this host reaches
 * by a route of its own: the guests would then no longer reach them. That is E_SUBNET_CLASH. The same
 * addresses in another project that runs do no harm, for the networks do not meet; they are told of.
 */
export async function checkSubnets(
  project: Declared & Places & Reporting,
  machines: readonly Machine[],
): Promise<void> {
  const names = new Set(machines.flatMap(({ networks }) => networks.map(({ network }) => network)))
  const wanted = project.manifest.networks.filter(({ name }) => names.has(name))
  if (wanted.length === 0) return
  const routes = parseRoutes((await readTextIfThere('/proc/net/route')) ?? '')
  const problems = clashesWith(wanted, routes)
  throwProblems(problems, {
    message: `${problems.length} networks overlap with routes of this host`,
  })
  await warnOfOthers(project, wanted)
}

export interface Route extends Subnet {
  device: string
}

/** A route to more than any block of private addresses has (RFC 1918) is one to the rest of the world: a VPN's is 0.0.0.0/1. */
const shortestPrefix = 8
/** RTF_REJECT: nothing is reached by it. Source: Linux, include/uapi/linux/route.h. */
const reject = 0x200

/**
 * The IPv4 routes of the host but the default ones. Addresses stand in the table as hexadecimal numbers
 * in the processor's order, which is taken to be little-endian. Source: proc(5), `/proc/net/route`.
 */
export function parseRoutes(table: string): Route[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line): Route[] => {
      const [device, destination = '', , flags = '', , , , mask = ''] = line.trim().split(/\s+/)
      if (device === undefined || !/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask)) return []
      const prefix = Math.clz32(~swapped(mask))
      const leadsSomewhere = (Number.parseInt(flags, 16) & reject) === 0
      return prefix >= shortestPrefix && leadsSomewhere
        ? [{ device, base: swapped(destination), prefix }]
        : []
    })
}

function swapped(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE(0)
}

/** E_SUBNET_CLASH for each network whose addresses a route leads to. Pure. */
export function clashesWith(networks: readonly Network[], routes: readonly Route[]): PosadaError[] {
  return networks.flatMap((network) => clashOf(network, routes))
}

function clashOf({ name, subnet, place }: Network, routes: readonly Route[]): PosadaError[] {
  const mine = parseSubnet(subnet)
  const route = mine === null ? undefined : routes.find((each) => overlap(each, mine))
  if (route === undefined) return []
  const message = `the network '${name}' has addresses that this host reaches through ${route.device} (${formatSubnet(route)})`
  const hint = `give it another subnet, such as ${freeOf(routes)}`
  return [new PosadaError('E_SUBNET_CLASH', message, { value: subnet, place, hint })]
}

/** A network that no route leads to. */
function freeOf(routes: readonly Route[]): string {
  for (const text of ['10.40.0.0/24', '172.30.40.0/24', '192.168.140.0/24', '100.100.40.0/24']) {
    const subnet = parseSubnet(text)
    if (subnet !== null && !routes.some((route) => overlap(route, subnet))) return text
  }
  return '198.18.40.0/24'
}

/** Throw-away machines and forks are as those of their project: no one tells them apart by their addresses. */
async function warnOfOthers(project: Places & Reporting, wanted: readonly Network[]): Promise<void> {
  const { runs } = project.user
  if (dirname(project.paths.root) === runs) return
  for (const { root, name } of await readIndex(project.user.projects)) {
    const { config, processLock } = projectPaths(root, project.user).networks
    if (
      originOf(root) === originOf(project.paths.root) ||
      dirname(root) === runs ||
      (await lockHolder(processLock)) === null
    )
      continue
    const theirs = subnetsIn((await readTextIfThere(config)) ?? '')
    for (const network of wanted) {
      const mine = parseSubnet(network.subnet)
      if (mine === null || !theirs.some((each) => overlap(each, mine))) continue
      project.emit({
        type: 'notice',
        level: 'warn',
        message: `the network '${network.name}' has the same addresses as one of project ${name} in ${root}, which is running`,
        hint: 'they do not interfere; give one of them another subnet to tell them apart',
      })
    }
  }
}

function originOf(root: string): string {
  return forkAt(root)?.of ?? root
}

function subnetsIn(config: string): Subnet[] {
  return [...config.matchAll(/"subnet": "([\d./]+)"/g)].flatMap(([, text = '']) => parseSubnet(text) ?? [])
}
