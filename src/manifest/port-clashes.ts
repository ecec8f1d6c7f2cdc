import type { CheckedMachine } from './checked.ts'
import type { Report } from './problems.ts'
import type { Port } from './shapes.ts'
import type { Node } from './source/node.ts'
import { placeOf, type Span } from './source/source.ts'

/** Two machines cannot both have a port of the host; one that is `auto` gives way. Each item is reported once. */
export function checkPorts(machines: readonly CheckedMachine[], report: Report): void {
  const taken = new Map<string, TakenPort[]>()
  const told = new Set<Node>()
  for (const { name, group, ports } of machines) {
    for (const { value, node } of ports) {
      const mine: TakenPort = { machine: name, group, port: value, node }
      const key = `${value.hostPort}/${value.protocol}`
      const sameNumber = taken.get(key) ?? []
      const other = sameNumber.find(({ port }) => collide(port, value))
      taken.set(key, sameNumber)
      sameNumber.push(mine)
      if (other === undefined || told.has(node)) continue
      told.add(node)
      reportTaken(mine, other, report)
    }
  }
}

interface TakenPort {
  machine: string
  group: string
  port: Port
  node: Node
}

function reportTaken({ machine, group, port, node }: TakenPort, other: TakenPort, report: Report): void {
  const replicas = other.group === group && other.node === node
  const where = replicas
    ? 'replicas have the same ports'
    : other.node === node
      ? "'defaults' gives it to every machine"
      : `first in line ${placeOf(portSpan(other.node)).line}`
  report({
    code: 'E_VALUE_INVALID',
    message: `port ${port.hostPort}/${port.protocol} of the host is given to '${other.machine}' and to '${machine}'; ${where}`,
    span: portSpan(node),
    value: String(port.hostPort),
    hint: replicas
      ? `a range is shared out among replicas: "${port.hostPort}-${port.hostPort + 1}:${port.guestPort}" for two; or give it auto: true`
      : 'use another host port for one of the two, or give it auto: true',
  })
}

function portSpan(node: Node): Span {
  const host = node.kind === 'map' ? node.entries.get('host')?.value : undefined
  return (host ?? node).span
}

/** Of two ports with the same number and protocol. */
function collide(a: Port, b: Port): boolean {
  if (a.auto || b.auto) return false
  return a.hostAddress === b.hostAddress || a.hostAddress === '0.0.0.0' || b.hostAddress === '0.0.0.0'
}
