import { type Entry, type Node, placeOf, type Span } from '../manifest/index.ts'
import type { LeftOut } from './draft.ts'

/** Why an entry is not carried over; undefined where it is. */
export type Handler = (value: Node, entry: Entry) => string | undefined

export interface KeysOptions {
  /** What stands before a key when it is named: `services.web.`. */
  path: string
  handlers: Record<string, Handler>
  /** Why keys that have no handler are not carried over. */
  reasons: Record<string, string>
  leftOut: LeftOut[]
}

/**
 * Has each key of a mapping handled; what is not carried over is noted with its line and reason. Gives what a handler
 * says of a mapping that is carried over.
 */
export function readKeys(
  node: Node | undefined,
  { path, handlers, reasons, leftOut }: KeysOptions,
): undefined {
  for (const entry of entriesOf(node)) {
    const { key, keySpan, value } = entry
    const handler = Object.hasOwn(handlers, key) ? handlers[key] : undefined
    const known = Object.hasOwn(reasons, key) ? reasons[key] : undefined
    const reason = handler === undefined ? (known ?? 'the manifest has no such key') : handler(value, entry)
    if (reason !== undefined) leftOut.push({ what: path + key, line: lineOf(keySpan), reason })
  }
  return undefined
}

export function entriesOf(node: Node | undefined): Entry[] {
  return node?.kind === 'map' ? [...node.entries.values()] : []
}

export function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === 'list' ? node.items : []
}

export function under(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined
}

/** A text, number or truth value as it is written; undefined for anything else, and for nothing. */
export function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'scalar' && node.value !== null ? node.raw : undefined
}

export function lineOf(span: Span): number {
  return placeOf(span).line
}
