import type { ErrorCode } from '../../errors/index.ts'
import { type Parsed, parseDuration, parseSize } from '../../lib/values/units.ts'
import { describe, type Node, refuseBinary, shorten } from '../source/node.ts'
import type { Span } from '../source/source.ts'
import type { Context, JsonSchema, Schema } from './types.ts'

/** What reading a text came to; `problem` goes on after `expected …, `. */
export type Read<T> = { value: T } | { problem?: string; hint?: string; code?: ErrorCode }

export interface ScalarOptions<T> {
  label: string
  /** Goes on after `expected`: `a size such as 1GiB`. */
  expected: string
  read(text: string): Read<T>
  json: JsonSchema
  /** Kinds of YAML value that are taken, beside text that variables were put into. Default: text. */
  takes?: readonly ('string' | 'number' | 'boolean')[]
  /** The text is taken as written: no variables are put in. */
  verbatim?: boolean
  /** What to do about a value of another type, by its text; instead of the general advice. */
  typeHint?: (raw: string) => string | undefined
}

/** A single value that is read from its text. */
export function scalar<T>(options: ScalarOptions<T>): Schema<T> {
  const { label, takes = ['string'] } = options
  return {
    label,
    check: (node, context, owner) => checkScalar({ node, context, owner }, options),
    json: () => {
      // Text may be any expression; `${` in a pattern's place keeps editors from refusing one.
      const plain =
        takes.length === 1 && takes[0] === 'string' && !('pattern' in options.json || 'enum' in options.json)
      return plain || options.verbatim === true
        ? options.json
        : { anyOf: [options.json, { type: 'string', pattern: '\\$\\{' }] }
    },
  }
}

function checkScalar<T>(given: Given, options: ScalarOptions<T>): T | undefined {
  const { node, context } = given
  const { expected, takes = ['string'], verbatim } = options
  if (node.kind !== 'scalar' || node.value === null) return wrongType(given, expected)
  if (refuseBinary(node, context.report)) return undefined
  const type = typeof node.value as 'string' | 'number' | 'boolean'
  const takesVariables = type === 'string' && verbatim !== true
  const interpolated = takesVariables ? context.interpolate(node) : { text: node.raw, changed: false }
  // What would be said of a value with a hole in it is of no use.
  if (interpolated === undefined) return undefined
  const { text, changed } = interpolated
  if (!changed && !takes.includes(type)) return wrongType(given, expected, typeHint(type, node.raw, options))
  if (text.includes('\0')) {
    context.report({
      code: 'E_VALUE_INVALID',
      message: `expected ${expected}, got a text with a NUL character`,
      span: node.span,
    })
    return undefined
  }
  const result = options.read(text)
  if ('value' in result) return result.value
  const { code = 'E_VALUE_INVALID', problem, hint } = result
  const got =
    problem === undefined ? `got ${describe({ ...node, value: changed ? text : node.value })}` : problem
  context.report({
    code,
    message: `expected ${expected}, ${got}`,
    span: node.span,
    value: shorten(text),
    ...(hint === undefined ? {} : { hint }),
  })
  return undefined
}

function typeHint<T>(type: string, raw: string, options: ScalarOptions<T>): string | undefined {
  const { takes = ['string'] } = options
  const own = options.typeHint?.(raw)
  if (own !== undefined) return own
  if (type === 'string') return 'value' in options.read(raw) ? 'write it without quotes' : undefined
  return takes.includes('string') ? `put it in quotes: "${shorten(raw)}"` : undefined
}

/** What a schema checks. */
export interface Given {
  node: Node
  context: Context
  /** What the problem of a value that is not written is shown at. */
  owner: Span
}

/** Reports a value of the wrong kind. */
export function wrongType({ node, context, owner }: Given, expected: string, hint?: string): undefined {
  const nothing = node.kind === 'scalar' && node.value === null
  const span = nothing || node.kind !== 'scalar' ? owner : node.span
  const advice = nothing ? 'write a value, or remove the line' : hint
  context.report({
    code: 'E_VALUE_TYPE',
    message: `expected ${expected}, got ${describe(node)}`,
    span,
    ...(node.kind === 'scalar' && !nothing ? { value: shorten(node.raw) } : {}),
    ...(advice === undefined ? {} : { hint: advice }),
  })
  return undefined
}

export interface UnitOptions {
  /** The unit that a duration without one is asked for; seconds unless given. */
  likely?: 's' | 'ms'
  min: number
  max: number
  /** The bounds as they would be written. */
  bounds: string
  /** Results are rounded up to a multiple of this. */
  step?: number
}

/** A size in bytes. */
export function size({ min, max, bounds, step = 1 }: UnitOptions): Schema<number> {
  return scalar({
    label: 'size',
    expected: 'a size such as 512MiB or 10GB',
    takes: ['string', 'number'],
    read: (text) => withUnit(text, parseSize(text), { min, max, bounds, step }),
    json: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)? ?([KMGT]iB|[kMGT]B|B)$' },
  })
}

/** A duration in milliseconds. */
export function duration(options: UnitOptions): Schema<number> {
  return scalar({
    label: 'duration',
    expected: 'a duration such as 90s or 1h30m',
    takes: ['string', 'number'],
    read: (text) => withUnit(text, parseDuration(text, options.likely), options),
    json: { type: 'string', pattern: '^([0-9]+(\\.[0-9]+)?(d|h|ms|m|s))+$' },
  })
}

function withUnit(text: string, parsed: Parsed, { min, max, bounds, step = 1 }: UnitOptions): Read<number> {
  if ('problem' in parsed) return badUnit(text, parsed)
  const value = Math.ceil(parsed.value / step) * step
  if (value >= min && value <= max) return { value }
  return { problem: `got '${text}', which is out of bounds`, hint: `it is ${bounds}` }
}

/** What is wrong with a text that is not a number with its unit. */
export function badUnit(text: string, { problem, hint }: Extract<Parsed, { problem: string }>): Read<never> {
  const found = `got '${shorten(text)}'${problem.startsWith('has') ? `, which ${problem}` : ''}`
  return { code: 'E_VALUE_UNIT', problem: found, ...(hint === undefined ? {} : { hint }) }
}

/** A whole number. */
export function integer({ min, max, hint }: { min: number; max: number; hint?: string }): Schema<number> {
  return scalar({
    label: 'whole number',
    expected: min === max ? `the number ${min}` : `a whole number from ${min} to ${max}`,
    takes: ['number'],
    read: (text): Read<number> => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      if (value >= min && value <= max) return { value }
      return hint === undefined ? {} : { hint }
    },
    json: min === max ? { type: 'integer', const: min } : { type: 'integer', minimum: min, maximum: max },
  })
}

export function truth(): Schema<boolean> {
  return scalar({
    label: 'true or false',
    expected: 'true or false',
    takes: ['boolean'],
    typeHint: (raw) => {
      if (/^(yes|on|y|1)$/i.test(raw)) return "did you mean 'true'?"
      return /^(no|off|n|0)$/i.test(raw) ? "did you mean 'false'?" : undefined
    },
    read: (text): Read<boolean> => {
      const lower = text.toLowerCase()
      return lower === 'true' || lower === 'false' ? { value: lower === 'true' } : {}
    },
    json: { type: 'boolean' },
  })
}
