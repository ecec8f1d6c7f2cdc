import type { CheckedMachine, WrittenMachine } from './checked.ts'
import { limits } from './limits.ts'
import type { Report } from './problems.ts'
import { portsOf } from './replica-ports.ts'
import type { Located } from './schema/types.ts'
import type { Span } from './source/source.ts'

/**
 * The machines that are meant: `web` with `replicas: 2` is `web-1` and `web-2`, each with its share of
 * the ranges in `ports`; who depends on `web` depends on both. Reports names that come out twice or too
 * long, and more machines than there may be.
 */
export function expandReplicas(written: readonly WrittenMachine[], report: Report): CheckedMachine[] {
  const names = namesByGroup(written, report)
  const taken = new Map<string, string>()
  const machines = written.flatMap((machine) => {
    const dependsOn = (machine.values.depends_on ?? []).flatMap((item) => expandName(item, names))
    return (names.get(machine.name) ?? []).flatMap((name, index, all): CheckedMachine[] => {
      const other = taken.get(name)
      taken.set(name, machine.name)
      if (other !== undefined) {
        reportTwice({ name, machine, other }, report)
        return []
      }
      const ports = portsOf(
        machine,
        { index, of: machine.values.replicas === undefined ? null : all.length },
        report,
      )
      return [{ ...machine, name, group: machine.name, dependsOn, ports }]
    })
  })
  return machines
}

/** The machines of each name under `machines:`. */
function namesByGroup(written: readonly WrittenMachine[], report: Report): Map<string, string[]> {
  const names = new Map<string, string[]>()
  let count = 0
  for (const machine of written) {
    const { name, values } = machine
    const wanted = count + (values.replicas ?? 1)
    if (wanted > limits.machines && values.replicas !== undefined) {
      report({
        code: 'E_VALUE_INVALID',
        message: `expected at most ${limits.machines} machines, replicas among them, got ${wanted}`,
        span: replicasSpan(machine),
        value: String(values.replicas),
      })
      names.set(name, [])
    } else {
      count = wanted
      names.set(name, namesOf(machine, report))
    }
  }
  return names
}

function namesOf(machine: WrittenMachine, report: Report): string[] {
  const { name } = machine
  const { replicas } = machine.values
  if (replicas === undefined) return [name]
  const all = Array.from({ length: replicas }, (_, index) => `${name}-${index + 1}`)
  const last = all.at(-1) ?? name
  if (last.length <= limits.nameLength) return all
  report({
    code: 'E_VALUE_INVALID',
    message: `expected names of at most ${limits.nameLength} characters, got '${last}'`,
    span: replicasSpan(machine),
    value: name,
    hint: 'give the machine a shorter name',
  })
  return []
}

function replicasSpan({ node, owner }: WrittenMachine): Span {
  return node.entries.get('replicas')?.value.span ?? owner
}

/** A name that stands for replicas becomes theirs; any other stays, whether there is such a machine or not. */
function expandName(item: Located<string>, names: ReadonlyMap<string, string[]>): Located<string>[] {
  const replicas = names.get(item.value)
  return replicas === undefined ? [item] : replicas.map((value) => ({ ...item, value }))
}

function reportTwice(
  { name, machine, other }: { name: string; machine: WrittenMachine; other: string },
  report: Report,
): void {
  const group = machine.name === name ? other : machine.name
  report({
    code: 'E_VALUE_INVALID',
    message: `there are two machines '${name}': one of them is a replica of '${group}'`,
    span: machine.owner,
    value: name,
    hint: 'give one of the two another name',
  })
}
