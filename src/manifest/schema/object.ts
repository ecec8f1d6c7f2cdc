import { nearest } from '../../lib/text/suggest.ts'
import { type Entry, isNull, type MapNode, type Node } from '../source/node.ts'
import type { Span } from '../source/source.ts'
import { foreignKeyHint } from './foreign-keys.ts'
import { type Given, wrongType } from './scalars.ts'
import type { Context, Definitions, JsonSchema, Schema } from './types.ts'

/** A key that a mapping may have. */
export interface Field<T> {
  schema: Schema<T>
  description: string
  required?: boolean
  /** As it would be written; read where the key is absent. */
  default?: string | number | boolean
  /** What is so where the key is absent and there is no default to write. */
  absent?: string
  examples?: readonly unknown[]
}

export type Fields = Record<string, Field<unknown>>

type FieldValue<F> = F extends Field<infer T> ? T | undefined : never

/** What a mapping is read as: undefined for what is absent or was wrong. */
export type Values<F extends Fields> = {
  [K in keyof F]: FieldValue<F[K]>
}

export interface ObjectSchema<T, F extends Fields = Fields> extends Schema<T> {
  readonly fields: F
}

export interface ObjectOptions<F extends Fields> {
  /** What it is: `a machine`. */
  what: string
  fields: F
  /** Name among the JSON Schema's definitions. */
  definition?: string
  /** An empty key stands for a mapping without keys. */
  emptyAllowed?: boolean
  /** Checks over several keys. */
  refine?: (node: MapNode, context: Context, owner: Span) => void
  /** Why a key that is not known here is not, and what to do; before near names are looked for. */
  explain?: (key: string) => string | undefined
  /** Keywords that go beside `properties`. */
  json?: JsonSchema
}

/** A mapping of known keys. */
export function object<F extends Fields>(options: ObjectOptions<F>): ObjectSchema<Values<F>, F> {
  return {
    fields: options.fields,
    label: 'mapping',
    check: (node, context, owner) => {
      const map = asMap(node, options.emptyAllowed === true)
      if (map === undefined)
        return wrongType({ node, context, owner }, `${options.what}: a mapping of keys`, mappingHint)
      for (const entry of map.entries.values()) {
        if (!Object.hasOwn(options.fields, entry.key)) unknownKey(entry, context, options)
      }
      const values: Record<string, unknown> = {}
      for (const [key, field] of Object.entries(options.fields))
        values[key] = readField([key, field], map, { context, owner })
      options.refine?.(map, context, owner)
      return values as Values<F>
    },
    json: (definitions) => defined(options.definition, definitions, () => objectJson(options, definitions)),
  }
}

const mappingHint = "write 'key: value' in a line of its own"

function asMap(node: Node, emptyAllowed: boolean): MapNode | undefined {
  if (node.kind === 'map') return node
  return emptyAllowed && isNull(node) ? { kind: 'map', entries: new Map(), span: node.span } : undefined
}

function readField(
  [key, field]: [string, Field<unknown>],
  map: MapNode,
  { context, owner }: Omit<Given, 'node'>,
): unknown {
  const entry = map.entries.get(key)
  if (entry !== undefined) return field.schema.check(entry.value, context, entry.keySpan)
  if (field.required === true) {
    const [example] = field.examples ?? []
    const hint = example === undefined ? `add '${key}:'` : `add '${key}: ${String(example)}'`
    context.report({
      code: 'E_KEY_MISSING',
      message: `the key '${key}' is missing`,
      span: owner,
      value: key,
      hint,
    })
  }
  if (field.default === undefined) return undefined
  const written: Node = { kind: 'scalar', value: field.default, raw: String(field.default), span: owner }
  return field.schema.check(written, context, owner)
}

function unknownKey<F extends Fields>(
  { key, keySpan: span }: Entry,
  context: Context,
  options: ObjectOptions<F>,
): void {
  const keys = Object.keys(options.fields)
  const near = nearest(key, keys)
  const hint =
    options.explain?.(key) ??
    foreignKeyHint(key, keys) ??
    (near === undefined ? `known here: ${keys.join(', ')}` : `did you mean '${near}'?`)
  context.report({
    code: 'E_KEY_UNKNOWN',
    message: `${options.what} has no key '${shortKey(key)}'`,
    span,
    value: shortKey(key),
    hint,
  })
}

function shortKey(key: string): string {
  return key.length > 60 ? `${key.slice(0, 59)}…` : key
}

function defined(name: string | undefined, definitions: Definitions, make: () => JsonSchema): JsonSchema {
  if (name === undefined) return make()
  if (!definitions.has(name)) {
    definitions.set(name, {})
    definitions.set(name, make())
  }
  return { $ref: `#/definitions/${name}` }
}

function objectJson<F extends Fields>(options: ObjectOptions<F>, definitions: Definitions): JsonSchema {
  const all = Object.entries(options.fields)
  const required = all.filter(([, field]) => field.required === true).map(([key]) => key)
  const properties = all.map(([key, field]) => [key, fieldJson(field, definitions)])
  return {
    type: options.emptyAllowed === true ? ['object', 'null'] : 'object',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    ...options.json,
  }
}

/** Draft-07 ignores what stands beside `$ref`, hence `allOf`. */
function fieldJson(field: Field<unknown>, definitions: Definitions): JsonSchema {
  const schema = field.schema.json(definitions)
  const { $ref, ...inline } = schema
  return {
    description: field.description,
    ...($ref === undefined ? inline : { allOf: [{ $ref }] }),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.examples === undefined ? {} : { examples: field.examples }),
  }
}
