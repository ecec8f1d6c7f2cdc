import { at, environment, type Scope, variable } from './lookup.ts'
import { type Evaluate, evaluateCall } from './methods.ts'
import type { Expression } from './ruby/syntax.ts'
import { asGiven, asText, fromParts, isObject, unknown, type Value } from './value.ts'

/** The most items that a range or list is written out to. */
export const itemLimit = 256

/** How deep parts of an expression may be in each other; long sums are. */
const depthLimit = 400

/** What an expression comes to where that can be told from the text alone, else `unknown`. Nothing is run. */
export function evaluate(expression: Expression, scope: Scope, depth = 0): Value {
  if (depth > depthLimit) return unknown
  const inner: Evaluate = (part) => evaluate(part, scope, depth + 1)
  switch (expression.type) {
    case 'value':
      return expression.value
    case 'text':
      return text(expression.parts, inner)
    case 'list':
      return expression.items.length > itemLimit
        ? unknown
        : { kind: 'list', items: expression.items.map((item) => inner(item)) }
    case 'hash':
      return hash(expression.entries, inner)
    case 'range':
      return range(expression, inner)
    case 'name':
      return scope.get(expression.name) ?? (expression.name === 'ENV' ? environment : unknown)
    case 'call':
      return evaluateCall(expression, inner)
    case 'index':
      return at(inner(expression.target), inner(expression.key))
    case 'binary':
      return binary(expression, inner)
    case 'choice': {
      const condition = inner(expression.condition)
      if (condition === unknown || isObject(condition)) return unknown
      return inner(condition === false || condition === null ? expression.no : expression.yes)
    }
    case 'not': {
      const value = inner(expression.of)
      return typeof value === 'boolean' ? !value : unknown
    }
    case 'opaque':
      return unknown
  }
}

function text(parts: readonly (string | Expression)[], inner: Evaluate): Value {
  const read = parts.map((part) => {
    const value = typeof part === 'string' ? part : inner(part)
    return value === null ? [] : asGiven(value)
  })
  return read.includes(undefined) ? unknown : fromParts(read.flatMap((part) => part ?? []))
}

function hash(written: readonly [Expression, Expression][], inner: Evaluate): Value {
  if (written.length > itemLimit) return unknown
  const entries = new Map<string, Value>()
  for (const [key, value] of written) {
    const name = asText(inner(key))
    if (name === undefined) return unknown
    entries.set(name, inner(value))
  }
  return { kind: 'hash', entries }
}

function range({ from, to, exclusive }: Extract<Expression, { type: 'range' }>, inner: Evaluate): Value {
  const [first, last] = [inner(from), inner(to)]
  if (typeof first !== 'number' || typeof last !== 'number') return unknown
  const length = last - first + (exclusive ? 0 : 1)
  if (!Number.isInteger(first) || !(length <= itemLimit)) return unknown
  return {
    kind: 'list',
    items: Array.from({ length: Math.max(0, Math.ceil(length)) }, (_, index) => first + index),
  }
}

function binary({ operator, left, right }: Extract<Expression, { type: 'binary' }>, inner: Evaluate): Value {
  const a = inner(left)
  if (operator === '||') return either(a, () => inner(right))
  const b = inner(right)
  if (typeof a === 'number' && typeof b === 'number') return arithmetic(operator, a, b)
  if (operator === '==' && isKnown(a) && isKnown(b)) return a === b
  if (operator === '!=' && isKnown(a) && isKnown(b)) return a !== b
  const [first, second] = [asGiven(a), asGiven(b)]
  const areTexts = typeof a !== 'number' && typeof b !== 'number'
  return operator === '+' && areTexts && first !== undefined && second !== undefined
    ? fromParts([...first, ...second])
    : unknown
}

/** `ENV['X'] || 'y'` is a variable with a default; an empty one counts as none here. */
function either(a: Value, other: () => Value): Value {
  if (isObject(a) && a.kind === 'template') {
    const [part, ...more] = a.parts
    if (typeof part !== 'object' || more.length > 0 || part.or !== null) return a
    const or = asText(other())
    return or === undefined || /[{}]/.test(or) ? unknown : variable(part.variable, or)
  }
  if (a === unknown) return unknown
  return a === null || a === false ? other() : a
}

function isKnown(value: Value): value is string | number | boolean | null {
  return value !== unknown && !isObject(value)
}

function arithmetic(operator: string, a: number, b: number): Value {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0 ? unknown : Number.isInteger(a) && Number.isInteger(b) ? Math.floor(a / b) : a / b
    case '%':
      return b === 0 ? unknown : ((a % b) + b) % b
    case '**':
      return Math.abs(b) > 64 ? unknown : a ** b
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    default:
      return unknown
  }
}
