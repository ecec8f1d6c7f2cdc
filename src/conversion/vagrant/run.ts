import { evaluate } from './evaluate.ts'
import { loops, turnsOf } from './loops.ts'
import { partOf, rootOf } from './parts.ts'
import type { Block, Call, Expression, Statement } from './ruby/syntax.ts'
import { type Part, unknown, type Value } from './value.ts'

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

  /** Follows a loop over what is known; whether it was a loop. */
  #loop({ target, name, line }: Call, block: Block, scope: Map<string, Value>): boolean {
    if (target === null || !loops.includes(name)) return false
    const turns = turnsOf(name, evaluate(target, scope), block.params.length)
    if (turns === undefined) {
      this.#followed.skip(line, 'it loops over something that is known only when the file is run')
      return true
    }
    for (const turn of turns) this.#enter(block, scope, turn)
    return true
  }
}

function isPart(value: Part | Value | undefined): value is Part {
  return typeof value === 'object' && value !== null && 'set' in value
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
