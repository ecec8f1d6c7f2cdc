import { evaluate } from './evaluate.ts'
import type { Scope } from './lookup.ts'
import type { Expression } from './ruby/syntax.ts'
import { isObject, type Part } from './value.ts'

/** The part of the configuration that a call or setting is made on, with what follows it. */
export function partOf(expression: Expression, scope: Scope): { part: Part; path: string[] } | undefined {
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

/** The variable that an expression begins with: `a` of `a.b[1]`. */
export function rootOf(expression: Expression): string | undefined {
  if (expression.type === 'name') return expression.name
  if (expression.type === 'index') return rootOf(expression.target)
  return expression.type === 'call' && expression.target !== null ? rootOf(expression.target) : undefined
}
