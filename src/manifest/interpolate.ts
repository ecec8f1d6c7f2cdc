import type { ErrorCode } from '../errors/index.ts'

/** What is wrong with an expression, and where in the text it stands. */
export interface InterpolationProblem {
  code: ErrorCode
  message: string
  hint: string
  at: number
  length: number
}

export interface Interpolated {
  text: string
  problems: InterpolationProblem[]
}

/** The longest text that may come of one value, in characters. */
const interpolatedLimit = 1024 * 1024

/** Problems of one value that are told; further ones would cost time and help no one. */
const problemLimit = 100

/** How deep defaults may hold further expressions. */
const depthLimit = 8

const name = '[A-Za-z_][A-Za-z0-9_]{0,255}'
const head = new RegExp(`(${name})(\\}|:-|-|:\\?|\\?)`, 'y')

/**
 * Puts variables into a text: `${NAME}`, `${NAME:-default}` (unset or empty), `${NAME-default}`
 * (unset), `${NAME:?message}` and `${NAME?message}` (a problem when unset), and `$$` for a dollar
 * sign. A `$` before anything else stands for itself. A default may hold expressions. What a
 * variable holds is taken as it is. Pure; never throws.
 */
export function interpolate(text: string, lookup: (name: string) => string | undefined): Interpolated {
  const problems: InterpolationProblem[] = []
  const { out } = new Reader(text, lookup, problems).until(false, 0, 0)
  if (out.length <= interpolatedLimit) return { text: out, problems }
  const message = 'the text grows beyond 1 MiB once its variables are put in'
  problems.push({
    code: 'E_VALUE_INVALID',
    message,
    hint: 'use shorter variables',
    at: 0,
    length: text.length,
  })
  return { text: '', problems }
}

class Reader {
  readonly #text: string
  readonly #lookup: (name: string) => string | undefined
  readonly #problems: InterpolationProblem[]
  #size = 0

  constructor(text: string, lookup: (name: string) => string | undefined, problems: InterpolationProblem[]) {
    this.#text = text
    this.#lookup = lookup
    this.#problems = problems
  }

  /** Reads on from `at` to the end, or to the brace that closes an expression. `end` is -1 where that is missing. */
  until(brace: boolean, at: number, depth: number): { out: string; end: number } {
    let out = ''
    let from = at
    for (let i = at; i < this.#text.length; ) {
      if (brace && this.#text[i] === '}') return { out: out + this.#text.slice(from, i), end: i + 1 }
      const next = this.#text[i] === '$' ? this.#text[i + 1] : undefined
      if (next !== '$' && next !== '{') {
        i += 1
        continue
      }
      out += this.#text.slice(from, i)
      const part = next === '$' ? { out: '$', end: i + 2 } : this.#expression(i, depth)
      // Nothing is gained by building a text that will be refused.
      this.#size += part.out.length
      if (this.#size <= interpolatedLimit * 2) out += part.out
      i = part.end
      from = i
    }
    return brace ? { out, end: -1 } : { out: out + this.#text.slice(from), end: this.#text.length }
  }

  #expression(start: number, depth: number): { out: string; end: number } {
    head.lastIndex = start + 2
    const match = head.exec(this.#text)
    if (match === null || depth >= depthLimit) return this.#malformed(start, depth >= depthLimit)
    const [, variable = '', operator = ''] = match
    const value = this.#lookup(variable)
    if (operator === '}') {
      if (value === undefined) this.#unset(variable, { at: start, end: head.lastIndex })
      return { out: value ?? '', end: head.lastIndex }
    }
    // The rest is read with the problems set aside: a default that is not used may name what is not set.
    const inner: InterpolationProblem[] = []
    const rest = new Reader(this.#text, this.#lookup, inner).until(true, head.lastIndex, depth + 1)
    // Nothing after an expression that is not closed is read again: that would take exponential time.
    if (rest.end < 0) return { ...this.#malformed(start, false), end: this.#text.length }
    const given = value !== undefined && !(operator.startsWith(':') && value === '')
    if (given) return { out: value, end: rest.end }
    for (const problem of inner) this.#problem(problem)
    if (operator.endsWith('-')) return { out: rest.out, end: rest.end }
    this.#unset(variable, { at: start, end: rest.end }, rest.out)
    return { out: '', end: rest.end }
  }

  #problem(problem: InterpolationProblem): void {
    if (this.#problems.length < problemLimit) this.#problems.push(problem)
  }

  #unset(variable: string, { at, end }: { at: number; end: number }, hint = ''): void {
    this.#problem({
      code: 'E_VARIABLE_UNSET',
      message: `the variable ${variable} is not set`,
      hint:
        hint === ''
          ? `set it in the environment or in .env, or give a default: \${${variable}:-value}`
          : hint,
      at,
      length: end - at,
    })
  }

  #malformed(start: number, deep: boolean): { out: string; end: number } {
    const close = this.#text.indexOf('}', start)
    const end = close < 0 ? this.#text.length : close + 1
    this.#problem({
      code: 'E_VALUE_INVALID',
      message: deep
        ? 'expressions are nested too deeply'
        : `expected an expression such as \${NAME} or \${NAME:-default}, got '${this.#text.slice(start, Math.min(end, start + 40))}'`,
      hint: "write '$$' for a dollar sign that stands for itself",
      at: start,
      length: end - start,
    })
    return { out: '', end }
  }
}
