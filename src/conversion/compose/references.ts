import type { Node } from '../../manifest/index.ts'
import type { DraftMachine } from '../draft.ts'
import { entriesOf, itemsOf, lineOf, textOf, under } from '../nodes.ts'

/** What names of services and networks have become. */
export interface Names {
  /** That the file lies in, as the manifest names it. */
  folder: string
  machine: (service: string) => string | undefined
  network: (name: string) => { name: string; hasSubnet: boolean } | undefined
}

interface Referring {
  path: string
  names: Names
  machine: DraftMachine
}

/** Services that a service starts after. Source: docs.docker.com, "depends_on". */
export function readDependencies(node: Node, { path, names, machine }: Referring): undefined {
  for (const { name, line } of references(node)) {
    const known = names.machine(name)
    if (known === undefined)
      machine.leftOut.push({ what: `${path}depends_on ${name}`, line, reason: 'there is no such service' })
    else if (!machine.depends_on.includes(known)) machine.depends_on.push(known)
  }
}

/** Networks that a service is in. Source: docs.docker.com, "networks". */
export function readNetworks(node: Node, { path, names, machine }: Referring): undefined {
  const leave = (what: string, line: number, reason: string) =>
    machine.leftOut.push({ what: `${path}networks${what}`, line, reason })
  for (const { name: key, line, value } of references(node)) {
    const network = names.network(key)
    if (network === undefined) {
      leave(` ${key}`, line, 'there is no such network')
      continue
    }
    if (machine.networks.some(({ name }) => name === network.name)) continue
    const address = textOf(under(value, 'ipv4_address'))
    const isKept = address !== undefined && network.hasSubnet
    machine.networks.push({ name: network.name, line, ...(isKept && { address }) })
    if (address !== undefined && !isKept) leave(`.${key}.ipv4_address`, line, 'the network has no subnet')
    if (under(value, 'aliases') !== undefined) leave(`.${key}.aliases`, line, 'a machine has one name')
  }
}

/** Names in a list, or as keys of what is said of each. */
function references(node: Node): { name: string; line: number; value?: Node }[] {
  return [
    ...entriesOf(node).map(({ key, keySpan, value }) => ({ name: key, line: lineOf(keySpan), value })),
    ...itemsOf(node).map((item) => ({ name: textOf(item) ?? '', line: lineOf(item.span) })),
  ]
}
