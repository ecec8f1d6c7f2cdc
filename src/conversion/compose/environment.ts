import type { Node } from '../../manifest/index.ts'
import type { DraftMachine } from '../draft.ts'
import { entriesOf, itemsOf, lineOf, textOf } from '../nodes.ts'
import { readInterpolation } from './interpolation.ts'

/** `NAME: value` or `- NAME=value`; one without a value has that of the host's environment. */
export function readEnvironment(node: Node, path: string, machine: DraftMachine): undefined {
  const add = (name: string, value: string | undefined, line: number) => {
    const read = value === undefined ? [{ variable: name, or: null }] : readInterpolation(value)
    const reason = 'it has an expression that manifests do not support'
    if (read !== undefined) machine.env[name] = read
    else machine.leftOut.push({ what: `${path}.${name}`, line, reason })
  }
  for (const { key, keySpan, value } of entriesOf(node)) add(key, textOf(value), lineOf(keySpan))
  for (const item of itemsOf(node)) {
    const [, name = '', value] = /^([^=]+)(?:=([\s\S]*))?$/.exec(textOf(item) ?? '') ?? []
    if (name !== '') add(name, value, lineOf(item.span))
  }
}
