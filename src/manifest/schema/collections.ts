import { isNull, type Node, refuseBinary, shorten } from '../source/node.ts'
import { type Given, wrongType } from './scalars.ts'
import type { Context, JsonSchema, Located, Schema } from './types.ts'

export interface ListOptions {
  max: number
  /** What its items are called: `ports`. */
  of: string
  /** How an item is written, where a single value cannot be one. */
  example?: string
}

/** A list; an empty key counts as an empty one. Items that are wrong are left out of the result. */
export function list<T>(item: Schema<T>, { max, of, example }: ListOptions): Schema<Located<T>[]> {
  return {
    label: `list of ${of}`,
    check: (node, context, owner) => {
      if (isNull(node)) return []
      if (node.kind !== 'list') {
        const written = example ?? (node.kind === 'scalar' ? `[${inList(node)}]` : undefined)
        const hint = node.kind === 'scalar' ? `write ${written}` : "begin each item with '- '"
        return wrongType({ node, context, owner }, `a list of ${of}`, hint)
      }
      tooMany({ node, context, owner }, node.items.length, { max, of })
      const found: Located<T>[] = []
      for (const each of node.items.slice(0, max)) {
        const value = item.check(each, context, isNull(each) ? owner : each.span)
        if (value !== undefined) found.push({ value, node: each, owner: each.span })
      }
      return found
    },
    json: (definitions) => ({ type: ['array', 'null'], items: item.json(definitions), maxItems: max }),
  }
}

/** A single value as an item of a flow list, in quotes unless it is a plain word. */
function inList(node: Node & { kind: 'scalar' }): string {
  const plain = typeof node.value !== 'string' || /^[\w./-]+$/.test(node.raw)
  return plain ? shorten(node.raw) : JSON.stringify(shorten(node.raw))
}

export interface MapOptions extends ListOptions {
  /** The schema that keys follow. */
  keys: Schema<string>
  pattern?: string
}

/** A mapping with free keys; an empty key counts as an empty one. */
export function mapOf<T>(item: Schema<T>, options: MapOptions): Schema<Map<string, Located<T>>> {
  const { max, of, keys } = options
  return {
    label: `mapping of ${of}`,
    check: (node, context, owner) => {
      const found = new Map<string, Located<T>>()
      if (isNull(node)) return found
      if (node.kind !== 'map')
        return wrongType(
          { node, context, owner },
          `a mapping of ${of}`,
          "write 'name: value' in a line of its own",
        )
      tooMany({ node, context, owner }, node.entries.size, { max, of })
      for (const entry of [...node.entries.values()].slice(0, max)) {
        const key: Node = { kind: 'scalar', value: entry.key, raw: entry.key, span: entry.keySpan }
        const asWritten: Context = { ...context, interpolate: () => ({ text: entry.key, changed: false }) }
        const name = keys.check(key, asWritten, entry.keySpan)
        const value = item.check(entry.value, context, entry.keySpan)
        if (name !== undefined && value !== undefined)
          found.set(name, { value, node: entry.value, owner: entry.keySpan })
      }
      return found
    },
    json: (definitions): JsonSchema => ({
      type: ['object', 'null'],
      additionalProperties: item.json(definitions),
      ...(options.pattern === undefined ? {} : { propertyNames: { pattern: `^(?:${options.pattern})$` } }),
      maxProperties: max,
    }),
  }
}

function tooMany({ node, context, owner }: Given, count: number, { max, of }: ListOptions): void {
  if (count <= max) return
  context.report({
    code: 'E_VALUE_INVALID',
    message: `expected at most ${max} ${of}, got ${count}`,
    span: node.kind === 'scalar' ? node.span : owner,
  })
}

/** Any YAML, read as plain data: what a plug-in checks by itself. */
export function anything(): Schema<unknown> {
  const read = (node: Node, context: Context): unknown => {
    if (node.kind === 'list') return node.items.map((item) => read(item, context))
    if (node.kind === 'map')
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, read(entry.value, context)]))
    if (refuseBinary(node, context.report)) return undefined
    return typeof node.value === 'string' ? context.interpolate(node)?.text : node.value
  }
  return { label: 'any value', check: read, json: () => ({}) }
}

/** One schema for single values and another for mappings. */
export function either<A, B>(single: Schema<A>, mapping: Schema<B>): Schema<A | B> {
  return {
    label: `${single.label}, or a mapping`,
    check: (node, context, owner): A | B | undefined =>
      node.kind === 'map' ? mapping.check(node, context, owner) : single.check(node, context, owner),
    json: (definitions) => ({ anyOf: [single.json(definitions), mapping.json(definitions)] }),
  }
}
