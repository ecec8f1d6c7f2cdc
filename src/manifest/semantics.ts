import { nearest } from '../lib/text/suggest.ts'
import type { CheckedMachine, WrittenMachine } from './checked.ts'
import { checkDisks } from './disk-checks.ts'
import { checkGuest } from './guest-keys.ts'
import { checkPorts } from './port-clashes.ts'
import type { Report } from './problems.ts'
import type { Node } from './source/node.ts'
import { placeOf, type Span } from './source/source.ts'
import { checkKeysOfKind, checkTargets } from './sync-targets.ts'

/** Checks what machines say of each other and of themselves as a whole: of what is written, and of all that it means. */
export function checkMachines(
  written: readonly WrittenMachine[],
  machines: readonly CheckedMachine[],
  report: Report,
): void {
  for (const machine of written) {
    if (!machine.node.entries.has('box'))
      report({
        code: 'E_KEY_MISSING',
        message: `the machine '${machine.name}' has no 'box'`,
        span: machine.owner,
        value: 'box',
        hint:
          written.length > 1 ? "add 'box: debian/12' to it, or to 'defaults:'" : "add 'box: debian/12' to it",
      })
    checkStepNames(machine, report)
    checkCachedSteps(machine, report)
    checkTargets(machine, report)
    checkDisks(machine, report)
    checkKeysOfKind(machine, report)
    checkGuest(machine, report)
    checkDependencies(machine, namesOf(written, machines), report)
  }
  checkCircles(machines, report)
  checkPorts(machines, report)
}

/** What a machine may depend on: machines, and replicas by the name that they share. */
function namesOf(written: readonly WrittenMachine[], machines: readonly CheckedMachine[]): Set<string> {
  return new Set([...written, ...machines].map(({ name }) => name))
}

function checkStepNames({ values }: WrittenMachine, report: Report): void {
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

/** What is kept of a disk must hold no secrets, not even where a step has put them by accident. */
function checkCachedSteps({ values }: WrittenMachine, report: Report): void {
  let hasSecrets = false
  for (const { value, node } of values.provision ?? []) {
    hasSecrets ||= value.sensitive !== undefined
    if (value.cache !== true || node.kind !== 'map') continue
    if (value.on?.every((each) => each.value === 'resume') === true)
      report({
        code: 'E_VALUE_INVALID',
        message: "a step that runs on 'resume' only leaves nothing that 'cache' could keep",
        span: node.entries.get('cache')?.value.span ?? node.span,
        value: 'cache',
        hint: "remove 'cache', or add create to 'on'",
      })
    if (!hasSecrets) continue
    report({
      code: 'E_VALUE_INVALID',
      message: "a step with 'sensitive' may have left secrets on the disk, which 'cache' would keep",
      span: node.entries.get('cache')?.value.span ?? node.span,
      value: 'cache',
      hint: "put the steps with 'sensitive' after those with 'cache'",
    })
  }
}

function checkDependencies(
  { name, values }: WrittenMachine,
  names: ReadonlySet<string>,
  report: Report,
): void {
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
  const told = new Set<Node>()
  const visit = (machine: CheckedMachine, path: readonly string[]): void => {
    for (const { value, node } of machine.dependsOn) {
      const next = byName.get(value)
      if (next === undefined || done.has(value)) continue
      const begin = path.indexOf(value)
      if (begin < 0) {
        visit(next, [...path, value])
        continue
      }
      if (told.has(node)) continue
      told.add(node)
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
