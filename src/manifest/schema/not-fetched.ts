import type { Node } from '../source/node.ts'
import type { Span } from '../source/source.ts'
import type { Schema } from './types.ts'

/**
 * The value of a key that a manifest which was fetched may say nothing of, not even a part of it: it would choose
 * programs of this computer, or their arguments, or open it.
 */
export function notFetched<T>(
  key: string,
  schema: Schema<T>,
  why = 'which says what runs on this computer',
): Schema<T> {
  return {
    ...schema,
    check: (node, context, owner) => {
      const span = fetchedPart(node, owner)
      if (span === undefined) return schema.check(node, context, owner)
      context.report({
        code: 'E_BASE_FETCHED',
        message: `a manifest that was fetched may not have '${key}', ${why}`,
        span,
        value: key,
        hint: `put '${key}' into posada.yaml, if you want what it says`,
      })
      return undefined
    },
  }
}

/** What is merged has parts of several files; each keeps the place of its key. */
function fetchedPart(node: Node, owner: Span): Span | undefined {
  if (owner.source.url !== null) return owner
  if (node.kind !== 'map') return undefined
  for (const { keySpan, value } of node.entries.values()) {
    const found = fetchedPart(value, keySpan)
    if (found !== undefined) return found
  }
  return undefined
}
