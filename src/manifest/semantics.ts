import { nearest } from '../lib/suggest.ts'
import type { CheckedMachine } from './checked.ts'
import type { Port } from './model.ts'
import type { Report } from './problems.ts'
import type { Located } from './schema/types.ts'
import { placeOf, type Span } from './source/source.ts'

/** Checks what machines say of each other and of themselves as a whole. */
export function checkMachines(machines: readonly CheckedMachine[], report: Report): void {
  for (const machine of machines) {
    if (!machine.node.entries.has('box'))
      report({
        code: 'E_KEY_MISSING',
        message: `the machine '${machine.name}' has no 'box'`,
        span: machine.owner,
        value: 'box',
        hint:
          machines.length > 1
            ? "add 'box: debian/12' to it, or to 'defaults:'"
            : "add 'box: debian/12' to it",
      })
    checkStepNames(machine, report)
    checkDependencies(machine, machines, report)
  }
  checkCircles(machines, report)
  checkPorts(machines, report)
}

function checkStepNames({ values }: CheckedMachine, report: Report): void {
  const seen = new Map<string, Span>()
  for (const { value, node } of values.provision ?? []) {
    if (value.name === undefined || node.kind !== 'map') continue
    const span = node.entries.get('name')?.value.span ?? node.span
    const first = seen.get(value.name)
    if (first === undefined) seen.set(value.name, span)
    else
      report({
        code: 'E_VALUE_INVALID',
        message: `expected a name of its own for each step, got '${value.name}' again, first in line ${placeOf(first).line}`,
        span,
        value: value.name,
        hint: 'give the step another name, or none',
      })
  }
}

function checkDependencies(
  { name, values }: CheckedMachine,
  machines: readonly CheckedMachine[],
  report: Report,
): void {
  const names = new Set(machines.map((machine) => machine.name))
  const seen = new Set<string>()
  for (const { value, node } of values.depends_on ?? []) {
    if (!names.has(value)) {
      const near = nearest(value, names)
      const hint = near === undefined ? `machines are: ${[...names].join(', ')}` : `did you mean '${near}'?`
      report({
        code: 'E_MACHINE_UNKNOWN',
        message: `there is no machine '${value}'`,
        span: node.span,
        value,
        hint,
      })
    } else if (seen.has(value)) {
      const message = `'${name}' depends on '${value}' twice`
      report({ code: 'E_VALUE_INVALID', message, span: node.span, value, hint: 'remove one of the two' })
    }
    seen.add(value)
  }
}

/** Reports each circle once, at the dependency that closes it. */
function checkCircles(machines: readonly CheckedMachine[], report: Report): void {
  const byName = new Map(machines.map((machine) => [machine.name, machine]))
  const done = new Set<string>()
  const visit = (machine: CheckedMachine, path: readonly string[]): void => {
    for (const { value, node } of machine.values.depends_on ?? []) {
      const next = byName.get(value)
      if (next === undefined || done.has(value)) continue
      const begin = path.indexOf(value)
      if (begin < 0) {
        visit(next, [...path, value])
        continue
      }
      const circle = [...path.slice(begin), value].join(' → ')
      const message =
        begin === path.length - 1
          ? `'${value}' depends on itself`
          : `machines depend on each other in a circle: ${circle}`
      report({
        code: 'E_DEPENDENCY_CYCLE',
        message,
        span: node.span,
        value,
        hint: 'remove one of these dependencies',
      })
    }
    done.add(machine.name)
  }
  for (const machine of machines) if (!done.has(machine.name)) visit(machine, [machine.name])
}

/** Two machines cannot both have a port of the host; one that is `auto` gives way. */
function checkPorts(machines: readonly CheckedMachine[], report: Report): void {
  const taken: { machine: string; port: Port; span: Span }[] = []
  for (const { name, values } of machines) {
    for (const { value, node } of values.ports ?? []) {
      const span = portSpan(node)
      const other = taken.find(({ port }) => collide(port, value))
      taken.push({ machine: name, port: value, span })
      if (other === undefined) continue
      const { line } = placeOf(other.span)
      const where =
        other.span.start === span.start ? "'defaults' gives it to every machine" : `first in line ${line}`
      report({
        code: 'E_VALUE_INVALID',
        message: `port ${value.hostPort}/${value.protocol} of the host is given to '${other.machine}' and to '${name}'; ${where}`,
        span,
        value: String(value.hostPort),
        hint: 'use another host port for one of the two, or give it auto: true',
      })
    }
  }
}

function portSpan(node: Located<Port>['node']): Span {
  const host = node.kind === 'map' ? node.entries.get('host')?.value : undefined
  return (host ?? node).span
}

function collide(a: Port, b: Port): boolean {
  if (a.auto || b.auto || a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false
  return a.hostAddress === b.hostAddress || a.hostAddress === '0.0.0.0' || b.hostAddress === '0.0.0.0'
}
