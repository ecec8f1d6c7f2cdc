import type { Checked } from './checked.ts'
import { type Documents, mergeDocuments } from './documents.ts'
import { checkNetworks } from './network-checks.ts'
import { expandReplicas } from './replicas.ts'
import { machine as machineSchema } from './schema/machine.ts'
import { severalMachines, singleMachine, singleMachineFields } from './schema/manifest-schema.ts'
import { wrongType } from './schema/scalars.ts'
import type { Context } from './schema/types.ts'
import { checkMachines } from './semantics.ts'
import { merge } from './source/merge.ts'
import { type Entry, isNull, type MapNode, type Node } from './source/node.ts'
import type { Span } from './source/source.ts'

/** The name of the machine in a file that describes just one. */
const singleMachineName = 'default'

/** Merges and checks; reports every problem there is. What it returns holds only where none was. */
export function checkManifest(documents: Documents, context: Context): Checked | undefined {
  const root = mergeDocuments(documents, context.report)
  if (root === undefined) return undefined
  const start: Span = { ...root.span, end: root.span.start + 1 }
  const several = root.entries.get('machines')
  const project = several === undefined ? splitSingle(root, start) : splitSeveral(root, several, context)
  const schema = several === undefined ? singleMachine : severalMachines
  const values = schema.check(project.rest, context, start)
  const defaults = root.entries.get('defaults')?.value
  const written = project.machines.flatMap(({ name, node, owner }) => {
    const merged = defaults?.kind === 'map' ? merge(defaults, node, 'over') : node
    const checked = machineSchema.check(merged, context, owner)
    return checked === undefined ? [] : [{ name, values: checked, node: merged, owner }]
  })
  const machines = expandReplicas(written, context.report)
  checkMachines(written, machines, context.report)
  const networks = values?.networks ?? new Map()
  checkNetworks(networks, machines, context.report)
  const catalogues = (values?.catalogues ?? []).map(({ value }) => value)
  const boxes = new Map([...(values?.boxes ?? [])].map(([box, { value }]) => [box, value]))
  return { name: values?.name, host: values?.host, catalogues, boxes, networks, machines }
}

interface Split {
  /** The project's own keys; machines are checked apart, for `defaults` are merged under them first. */
  rest: MapNode
  machines: { name: string; node: MapNode; owner: Span }[]
}

function splitSingle(root: MapNode, owner: Span): Split {
  const mine = [...root.entries].filter(([key]) => Object.hasOwn(singleMachineFields, key))
  const rest = [...root.entries].filter(([key]) => !Object.hasOwn(singleMachineFields, key))
  const networks = root.entries.get('networks')
  const entries = new Map(networks === undefined ? mine : [...mine, ['networks', allOf(networks)] as const])
  const node: MapNode = { ...root, entries }
  return { rest: { ...root, entries: new Map(rest) }, machines: [{ name: singleMachineName, node, owner }] }
}

/** A single machine is on all networks of the file: as if it named them. */
function allOf({ key, keySpan, value }: Entry): Entry {
  const named = value.kind === 'map' ? [...value.entries.values()] : []
  const items = named.map(
    (one): Node => ({ kind: 'scalar', value: one.key, raw: one.key, span: one.keySpan }),
  )
  return { key, keySpan, value: { kind: 'list', items, span: value.span } }
}

function splitSeveral(root: MapNode, several: Entry, context: Context): Split {
  const found = several.value.kind === 'map' ? [...several.value.entries.values()] : []
  const isEmpty = several.value.kind === 'map' ? found.length === 0 : isNull(several.value)
  if (isEmpty)
    context.report({
      code: 'E_KEY_MISSING',
      message: "'machines' holds no machine",
      span: several.keySpan,
      hint: "add one, or leave 'machines:' out to describe a single machine",
    })
  const machines = found.flatMap(({ key, keySpan, value }) => {
    const node = asMachine(value)
    if (node === undefined)
      wrongType(
        { node: value, context, owner: keySpan },
        'a machine: a mapping of keys',
        "write 'box: debian/12' in a line of its own",
      )
    return node === undefined ? [] : [{ name: key, node, owner: keySpan }]
  })
  const names = found.map((entry): [string, Entry] => [entry.key, { ...entry, value: emptied(entry.value) }])
  const shallow: Node =
    several.value.kind === 'map' ? { ...several.value, entries: new Map(names) } : several.value
  const entries = new Map(root.entries).set('machines', { ...several, value: shallow })
  return { rest: { ...root, entries }, machines }
}

/** A machine without keys may be written as nothing. */
function asMachine(value: Node): MapNode | undefined {
  if (value.kind === 'map') return value
  return isNull(value) ? emptied(value) : undefined
}

function emptied(value: Node): MapNode {
  return { kind: 'map', entries: new Map(), span: value.span }
}
