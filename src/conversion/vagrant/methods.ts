import { at, environment, variable } from './lookup.ts'
import type { Call, Expression } from './ruby/syntax.ts'
import { asGiven, asText, fromParts, hashOf, isObject, listOf, unknown, type Value } from './value.ts'

export type Evaluate = (expression: Expression) => Value

/** What a method of a text, number, list or hash comes to, of those that only look; `unknown` for all others. */
export function evaluateCall({ target, name, args, block }: Call, evaluate: Evaluate): Value {
  if (target === null) return unknown
  const value = evaluate(target)
  const given = args.map((arg) => evaluate(arg))
  if (block !== null) {
    // The default of fetch('X') { … }, which is an expression.
    const [only, ...more] = block.body
    if (name !== 'fetch' || only?.type !== 'expression' || more.length > 0) return unknown
    return fetched(value, [...given, evaluate(only.expression)])
  }
  if (isObject(value) && value.kind === 'part') return { ...value, path: [...value.path, name] }
  if (name === 'fetch') return fetched(value, given)
  if (args.length > 0) return name === 'join' ? joined(value, given) : unknown
  return plainMethod(name, value)
}

/** `fetch(key, default)`; of `ENV` a variable. */
function fetched(value: Value, [key = unknown, or]: readonly Value[]): Value {
  const name = asText(key)
  if (name === undefined) return unknown
  if (value !== environment) {
    const found = at(value, key)
    return found === null ? (or ?? unknown) : found
  }
  if (or === undefined) return unknown
  const text = or === null ? '' : asText(or)
  return text === undefined || /[{}]/.test(text) ? unknown : variable(name, text)
}

function joined(value: Value, [separator]: readonly Value[]): Value {
  const between = asText(separator)
  const items = listOf(value)?.map(asGiven)
  if (between === undefined || items === undefined || items.includes(undefined)) return unknown
  return fromParts(items.flatMap((item, index) => [...(index > 0 ? [between] : []), ...(item ?? [])]))
}

function plainMethod(name: string, value: Value): Value {
  const text = typeof value === 'string' ? value : undefined
  const given = asGiven(value)
  switch (name) {
    case 'freeze':
    case 'dup':
      return value
    case 'to_s':
    case 'to_str':
    case 'to_sym':
      return given === undefined ? unknown : fromParts(given)
    case 'to_i':
    case 'to_int':
      // A variable is a number when it is used as one.
      if (isObject(value) && value.kind === 'template') return value
      if (typeof value === 'number') return Math.trunc(value)
      return text === undefined ? unknown : Number.parseInt(text, 10) || 0
    case 'strip':
    case 'chomp':
      return text === undefined ? unknown : text.trim()
    case 'upcase':
      return text === undefined ? unknown : text.toUpperCase()
    case 'downcase':
      return text === undefined ? unknown : text.toLowerCase()
    case 'nil?':
      return value === unknown || isObject(value) ? unknown : value === null
    case 'size':
    case 'length':
    case 'count':
      return listOf(value)?.length ?? hashOf(value)?.size ?? text?.length ?? unknown
    case 'first':
      return listOf(value)?.[0] ?? unknown
    case 'last':
      return listOf(value)?.at(-1) ?? unknown
    case 'keys':
      return value === environment ? unknown : asList(hashOf(value)?.keys())
    case 'values':
      return value === environment ? unknown : asList(hashOf(value)?.values())
    case 'to_a':
      return listOf(value) === undefined ? unknown : value
    default:
      return unknown
  }
}

function asList(items: Iterable<Value> | undefined): Value {
  return items === undefined ? unknown : { kind: 'list', items: [...items] }
}
