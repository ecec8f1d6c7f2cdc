import { evaluate, itemLimit } from './evaluate.ts'
import { environment, type Scope } from './lookup.ts'
import type { Block, Call, Expression, Statement } from './ruby/syntax.ts'
import { hashOf, isObject, listOf, type Part, unknown, type Value } from './value.ts'

/** Statements that are followed, those of loops each time. */
const statementLimit = 20_000

export interface Followed {
  /** A statement that was not followed. */
  skip(line: number, why: string): void
  /** What `Vagrant.configure` hands to its block. */
  config: Part
}

/**
 * Follows the statements of a Vagrantfile: assignments of what is known, loops over it, and calls and settings on parts
 * of the configuration, which are told to those. Nothing else is done, nothing outside is reached. Whether there was a
 * configuration.
 */
export function follow(statements: readonly Statement[], followed: Followed): boolean {
  const follower = new Follower(followed)
  follower.statements(statements, new Map())
  return follower.configured
}

class Follower {
  configured = false
  readonly #followed: Followed
  #left = statementLimit

  constructor(followed: Followed) {
    this.#followed = followed
  }

  statements(statements: readonly Statement[], scope: Map<string, Value>): void {
    for (const statement of statements) {
      this.#left -= 1
      if (this.#left === 0) this.#followed.skip(statement.line, 'the file has too many loops')
      if (this.#left <= 0) return
      this.#statement(statement, scope)
    }
  }

  #statement(statement: Statement, scope: Map<string, Value>) {
    const { line } = statement
    switch (statement.type) {
      case 'skipped':
        for (const name of statement.assigned) scope.set(name, unknown)
        return this.#followed.skip(line, statement.why)
      case 'assign':
        return this.#assign(statement, scope)
      case 'expression':
        return this.#expression(statement.expression, { scope, line })
    }
  }

  #assign({ target, operator, value, line }: Statement & { type: 'assign' }, scope: Map<string, Value>) {
    const read = operator === '=' || operator === '||=' ? evaluate(value, scope) : unknown
    if (target.type === 'name') {
      const before = operator === '||=' ? scope.get(target.name) : undefined
      scope.set(target.name, before === undefined || before === null ? read : before)
      if (read === unknown && value.type === 'opaque') this.#followed.skip(line, 'it would have to be run')
      return
    }
    const part = target.type === 'call' || target.type === 'index' ? partOf(target, scope) : undefined
    if (part !== undefined) return part.part.set(part.path, operator === '=' ? read : unknown, line)
    const root = rootOf(target)
    if (root !== undefined) scope.set(root, unknown)
    this.#followed.skip(line, 'it is not a setting that can be read without running it')
  }

  #expression(expression: Expression, { scope, line }: { scope: Map<string, Value>; line: number }) {
    if (expression.type !== 'call') {
      if (expression.type === 'value' || expression.type === 'text') return
      if (expression.type === 'binary' && expression.operator === '<<') {
        const root = rootOf(expression.left)
        if (root !== undefined) scope.set(root, unknown)
      }
      return this.#followed.skip(line, 'it is not a setting')
    }
    const part = partOf(expression, scope)
    if (part !== undefined) return this.#callPart(expression, part, scope)
    if (isConfigure(expression) && expression.block !== null) {
      this.configured = true
      return this.#enter(expression.block, scope, [this.#followed.config])
    }
    if (expression.block !== null && this.#loop(expression, expression.block, scope)) return
    const root = rootOf(expression)
    if (root !== undefined && scope.has(root)) scope.set(root, unknown)
    this.#followed.skip(line, reasonOf(expression))
  }

  #callPart(
    call: Call,
    { part, path }: { part: Part; path: readonly string[] },
    scope: Map<string, Value>,
  ): void {
    const { args, block, line } = call
    part.call(path, {
      args: args.map((arg) => evaluate(arg, scope)),
      block: block === null ? undefined : (...params) => this.#enter(block, scope, params),
      line,
    })
  }

  /** Has a block followed with what its parameters stand for; what it sets of variables outside counts outside. */
  #enter({ params, body }: Block, scope: Map<string, Value>, given: readonly (Part | Value | undefined)[]) {
    const inner = new Map(scope)
    params.forEach((name, index) => {
      const value = given[index]
      inner.set(name, isPart(value) ? { kind: 'part', part: value, path: [] } : (value ?? unknown))
    })
    this.statements(body, inner)
    for (const name of scope.keys()) if (!params.includes(name)) scope.set(name, inner.get(name) ?? unknown)
  }

  /** `each`, `each_with_index`, `each_pair` and `times` of what is known; whether it was such a loop. */
  #loop({ target, name, line }: Call, block: Block, scope: Map<string, Value>): boolean {
    if (target === null || !['each', 'each_with_index', 'each_pair', 'times'].includes(name)) return false
    const over = evaluate(target, scope)
    const turns = name === 'times' ? timesOf(over) : turnsOf(over, name)
    if (turns === undefined) {
      this.#followed.skip(line, 'it loops over something that is known only when the file is run')
      return true
    }
    for (const turn of turns) this.#enter(block, scope, spread(turn, block.params.length))
    return true
  }
}

function timesOf(over: Value): Value[][] | undefined {
  if (typeof over !== 'number' || over > itemLimit) return undefined
  return Array.from({ length: Math.max(0, Math.trunc(over)) }, (_, index) => [index])
}

function turnsOf(over: Value, name: string): Value[][] | undefined {
  const hash = hashOf(over)
  if (over === environment) return undefined
  if (hash !== undefined) return [...hash].map(([key, value]) => [key, value])
  return listOf(over)?.map((item, index) => (name === 'each_with_index' ? [item, index] : [item]))
}

/** A list that is given to a block with several parameters is given piece by piece. */
function spread(turn: readonly Value[], params: number): readonly Value[] {
  const [only] = turn
  return turn.length === 1 && params > 1 ? (listOf(only) ?? turn) : turn
}

function isPart(value: Part | Value | undefined): value is Part {
  return typeof value === 'object' && value !== null && 'set' in value
}

/** The part of the configuration that a call or setting is made on, with what follows it. */
function partOf(expression: Expression, scope: Scope): { part: Part; path: string[] } | undefined {
  if (expression.type === 'name') {
    const value = scope.get(expression.name)
    return isObject(value) && value.kind === 'part' ? { part: value.part, path: [...value.path] } : undefined
  }
  if (expression.type === 'index') {
    const inner = partOf(expression.target, scope)
    const key = evaluate(expression.key, scope)
    return inner && { part: inner.part, path: [...inner.path, typeof key === 'string' ? key : '[]'] }
  }
  if (expression.type !== 'call' || expression.target === null) return undefined
  const inner = partOf(expression.target, scope)
  return inner && { part: inner.part, path: [...inner.path, expression.name] }
}

function rootOf(expression: Expression): string | undefined {
  if (expression.type === 'name') return expression.name
  if (expression.type === 'index') return rootOf(expression.target)
  return expression.type === 'call' && expression.target !== null ? rootOf(expression.target) : undefined
}

function isConfigure({ target, name }: Call): boolean {
  if (target?.type === 'name') return target.name === 'Vagrant' && name === 'configure'
  // Of version 1: Vagrant::Config.run do |config|
  return name === 'run' && target?.type === 'call' && target.name === 'Config'
}

function reasonOf({ target, name }: Call): string {
  if (target === null && /^(?:require|require_relative|load)$/.test(name)) return 'other files are not read'
  if (target?.type === 'name' && target.name === 'Vagrant')
    return 'it belongs to Vagrant itself or to a plug-in'
  return 'it would have to be run'
}
