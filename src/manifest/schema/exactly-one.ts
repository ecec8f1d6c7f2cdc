import type { MapNode } from '../source/node.ts'
import type { Span } from '../source/source.ts'
import type { Context } from './types.ts'

/** Reports a mapping that has none, or several, of the keys. */
export function exactlyOne(what: string, keys: readonly string[], offered = keys) {
  return (node: MapNode, { report }: Context, owner: Span): void => {
    const [first, second] = keys.flatMap((key) => node.entries.get(key) ?? [])
    if (first === undefined) {
      const message = `${what} needs ${offered.map((key) => `'${key}'`).join(' or ')}`
      report({ code: 'E_KEY_MISSING', message, span: owner, hint: `add '${offered[0]}:'` })
    } else if (second !== undefined) {
      const message = `${what} takes one of ${keys.map((key) => `'${key}'`).join(', ')}, got '${first.key}' and '${second.key}'`
      report({
        code: 'E_VALUE_INVALID',
        message,
        span: second.keySpan,
        value: second.key,
        hint: 'remove one of the two',
      })
    }
  }
}
