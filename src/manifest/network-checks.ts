import { contains, formatIpv4, overlap, parseIpv4, parseSubnet, sizeOf } from '../lib/net/ip.ts'
import { nearest } from '../lib/text/suggest.ts'
import { addressesOfNobody, outsideNetwork } from './addressing.ts'
import type { CheckedMachine, CheckedNetwork, CheckedNetworks } from './checked.ts'
import type { Report } from './problems.ts'
import type { WrittenAttachment } from './schema/network.ts'
import type { Located } from './schema/types.ts'
import type { Node } from './source/node.ts'
import { placeOf, type Span } from './source/source.ts'

/** Checks what networks say of each other, and machines of networks. */
export function checkNetworks(
  networks: CheckedNetworks,
  machines: readonly CheckedMachine[],
  report: Report,
): void {
  checkSubnets(networks, report)
  checkLinks(networks, machines, report)
  for (const machine of machines) checkAttachments(machine, networks, report)
  for (const network of networks) checkMembers(network, machines, report)
}

function checkSubnets(networks: CheckedNetworks, report: Report): void {
  const seen: { name: string; subnet: NonNullable<ReturnType<typeof parseSubnet>> }[] = []
  for (const [name, { value, node }] of networks) {
    const subnet = value.subnet === undefined ? null : parseSubnet(value.subnet)
    if (subnet === null) continue
    const span = inner(node, 'subnet')
    const other = seen.find((each) => overlap(each.subnet, subnet))
    if (other !== undefined) {
      const message = `the networks '${other.name}' and '${name}' have addresses in common`
      report({
        code: 'E_SUBNET_CLASH',
        message,
        span,
        value: value.subnet ?? '',
        hint: 'give one of them another subnet',
      })
    }
    if (overlap(subnet, outsideNetwork)) {
      const message = `the network '${name}' has addresses in common with the one that leads every machine outside, 10.0.2.0/24`
      report({
        code: 'E_SUBNET_CLASH',
        message,
        span,
        value: value.subnet ?? '',
        hint: 'choose another, such as 10.40.0.0/24',
      })
    }
    seen.push({ name, subnet })
  }
}

function checkLinks(networks: CheckedNetworks, machines: readonly CheckedMachine[], report: Report): void {
  for (const [network, { value }] of networks) {
    const members = membersOf(network, machines).map(({ machine }) => machine.name)
    for (const { value: link, node } of value.links ?? []) {
      const between = link.between ?? []
      const [a, b] = between.map((each) => each.value)
      if (link.between !== undefined && (between.length !== 2 || a === b)) {
        report({
          code: 'E_VALUE_INVALID',
          message: 'a link is between two machines',
          span: inner(node, 'between'),
          hint: 'write between: [web, db]',
        })
        continue
      }
      for (const { value: name, node: named } of between) {
        if (members.includes(name)) continue
        report({
          code: 'E_MACHINE_UNKNOWN',
          message: `there is no machine '${name}' on the network '${network}'`,
          span: named.span,
          value: name,
          hint: suggestion(name, members, 'machines there are'),
        })
      }
    }
  }
}

function checkAttachments({ name, values }: CheckedMachine, networks: CheckedNetworks, report: Report): void {
  const seen = new Set<string>()
  for (const attachment of values.networks ?? []) {
    const { value, node } = attachment
    const span = inner(node, 'name')
    const network = networks.get(value.name)
    if (network === undefined) {
      const message = `there is no network '${value.name}'`
      const hint =
        networks.size === 0
          ? `describe it: networks: {${value.name}: {}}`
          : suggestion(value.name, [...networks.keys()], 'networks are')
      report({ code: 'E_NETWORK_UNKNOWN', message, span, value: value.name, hint })
    } else if (seen.has(value.name)) {
      const message = `'${name}' is on the network '${value.name}' twice`
      report({ code: 'E_VALUE_INVALID', message, span, value: value.name, hint: 'remove one of the two' })
    } else checkAddress(attachment, network.value.subnet, report)
    seen.add(value.name)
  }
}

function checkAddress(
  { value: { address }, node }: Located<WrittenAttachment>,
  written: string | undefined,
  report: Report,
): void {
  if (address === undefined) return
  const wrong = (message: string, hint: string) =>
    report({ code: 'E_VALUE_INVALID', message, span: inner(node, 'address'), value: address, hint })
  const subnet = written === undefined ? null : parseSubnet(written)
  const number = parseIpv4(address)
  if (written === undefined)
    wrong(
      'an address needs a network whose subnet is written',
      'add subnet: to the network, or leave the address out',
    )
  if (subnet === null || number === null) return
  const last = subnet.base + sizeOf(subnet) - 1
  const range = `from ${formatIpv4(subnet.base + 2)} to ${formatIpv4(last - 1)}`
  if (!contains(subnet, number)) wrong(`${address} is not in ${written}`, `addresses there are ${range}`)
  else if (number === subnet.base + 1)
    wrong(`${address} is the network's own, for DHCP and names`, `machines have addresses ${range}`)
  else if (number === subnet.base || number === last)
    wrong(`${address} is not a machine's address in ${written}`, `machines have addresses ${range}`)
}

/** Two machines with one address, and more machines than addresses: a network without a subnet gets a /24. */
function checkMembers(
  [name, network]: [string, CheckedNetwork],
  machines: readonly CheckedMachine[],
  report: Report,
): void {
  const members = membersOf(name, machines)
  for (const key of ['address', 'mac'] as const) {
    const seen = new Map<string, { machine: string; span: Span }>()
    for (const { machine, attachment } of members) {
      const value = attachment.value[key]
      if (value === undefined) continue
      const span = inner(attachment.node, key)
      const other = seen.get(value)
      if (other === undefined) {
        seen.set(value, { machine: machine.name, span })
        continue
      }
      const where =
        other.span.start === span.start
          ? "'defaults' or 'replicas' gives it to several machines"
          : `first in line ${placeOf(other.span).line}`
      const message = `${value} is given to '${other.machine}' and to '${machine.name}'; ${where}`
      report({
        code: 'E_ADDRESS_CLASH',
        message,
        span,
        value,
        hint: 'give each machine its own, or none: it then follows from its name',
      })
    }
  }
  const written = network.value.subnet
  const subnet = written === undefined ? outsideNetwork : parseSubnet(written)
  if (subnet === null || members.length <= sizeOf(subnet) - addressesOfNobody) return
  const message = `${members.length} machines are on the network '${name}', which has ${sizeOf(subnet) - addressesOfNobody} addresses for them`
  const hint = written === undefined ? 'give it a subnet: {subnet: 10.40.0.0/16}' : 'give it a shorter prefix'
  report({ code: 'E_VALUE_INVALID', message, span: inner(network.node, 'subnet'), hint })
}

function membersOf(network: string, machines: readonly CheckedMachine[]) {
  return machines.flatMap((machine) =>
    (machine.values.networks ?? []).flatMap((attachment) =>
      attachment.value.name === network ? [{ machine, attachment }] : [],
    ),
  )
}

function suggestion(given: string, known: readonly string[], introduction: string): string {
  const near = nearest(given, known)
  return near === undefined ? `${introduction}: ${known.join(', ')}` : `did you mean '${near}'?`
}

function inner(node: Node, key: string): Span {
  return (node.kind === 'map' ? node.entries.get(key)?.value.span : undefined) ?? node.span
}
