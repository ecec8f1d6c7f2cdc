import type { WrittenMachine } from './checked.ts'
import { limits } from './limits.ts'
import type { Report } from './problems.ts'
import type { PortRange, WrittenPorts } from './schema/port.ts'
import type { Located } from './schema/types.ts'
import type { Port } from './shapes.ts'

/** Which of the machines that are written as one; `of` is null for a machine without `replicas`. */
export interface Replica {
  /** From 0. */
  index: number
  of: number | null
}

/**
 * The ports of one replica. A range of the host as wide as the guest's is each replica's; one that is
 * wide enough for all replicas is shared out among them, in their order, and what is left of it stays free for more.
 * Reports, with the first replica, ranges that fit neither way.
 */
export function portsOf(machine: WrittenMachine, replica: Replica, report: Report): Located<Port>[] {
  const items = machine.values.ports?.list ?? []
  const wanted = items.reduce((sum, { value }) => sum + width(value.guest), 0)
  if (wanted > limits.ports) {
    if (replica.index === 0) reportCount(machine, wanted, report)
    return []
  }
  return items.flatMap((item, index) => {
    const { host, guest } = item.value
    const isOne = width(host) === width(guest)
    const shared = !isOne && replica.of !== null && width(host) >= width(guest) * replica.of
    if (!shared && !isOne) {
      if (replica.index === 0) reportWidth(item, replica.of, report)
      return []
    }
    const skip = shared ? replica.index * width(guest) : 0
    return Array.from({ length: width(guest) }, (_, at) => ({
      ...item,
      value: onePort(item.value, { host: host.first + skip + at, guest: guest.first + at, index }),
    }))
  })
}

function onePort(
  { protocol, hostAddress, auto }: WrittenPorts,
  { host, guest, index }: { host: number; guest: number; index: number },
): Port {
  return { protocol, hostAddress, hostPort: host, guestPort: guest, auto, item: index }
}

function width({ first, last }: PortRange): number {
  return last - first + 1
}

function reportCount({ node, owner }: WrittenMachine, wanted: number, report: Report): void {
  report({
    code: 'E_VALUE_INVALID',
    message: `expected at most ${limits.ports} ports, those of ranges counted, got ${wanted}`,
    span: node.entries.get('ports')?.keySpan ?? owner,
  })
}

function reportWidth({ value, node }: Located<WrittenPorts>, replicas: number | null, report: Report): void {
  const [host, guest] = [width(value.host), width(value.guest)]
  const ports = guest === 1 ? 'one port' : `${guest} ports`
  const shared = replicas === null ? '' : `, or at least ${guest * replicas} to share out among the replicas`
  report({
    code: 'E_VALUE_INVALID',
    message: `expected a range of the host as wide as the guest's, got ${host} ports for ${guest}`,
    span: node.span,
    hint: `name ${ports} of the host${shared}`,
  })
}
