import { PosadaError } from '../errors/index.ts'
import { type InterpolationProblem, interpolate } from './interpolate.ts'
import type { Report } from './problems.ts'
import type { Context } from './schema/types.ts'
import type { ScalarNode } from './source/node.ts'
import type { Span } from './source/source.ts'

/** Characters that may come of all variables of a manifest together. */
const totalLimit = 64 * 1024 * 1024

/** The context of a check: problems, and variables from `lookup`. */
export function makeContext(report: Report, lookup: (name: string) => string | undefined): Context {
  let total = 0
  return {
    report,
    interpolate(node) {
      const text = node.raw
      if (!text.includes('$')) return { text, changed: false }
      const result = interpolate(text, lookup)
      total += result.text.length
      if (total > totalLimit)
        throw new PosadaError(
          'E_MANIFEST_TOO_LARGE',
          'the manifest grows beyond 64 MiB once its variables are put in',
          {
            value: node.span.source.file,
            hint: 'use shorter variables',
          },
        )
      for (const { code, message, hint, ...where } of result.problems)
        report({
          code,
          message,
          hint,
          span: spanOf(node, where),
          value: text.slice(where.at, where.at + Math.min(where.length, 60)),
        })
      return result.problems.length > 0 ? undefined : { text: result.text, changed: result.text !== text }
    },
  }
}

/** The expression itself where the file has it as it is in the text, else the whole value. */
function spanOf(node: ScalarNode, { at, length }: Pick<InterpolationProblem, 'at' | 'length'>): Span {
  const { source, start, end } = node.span
  const expression = node.raw.slice(at, at + length)
  const written = source.text.slice(start, end)
  // The same expression may stand there several times: as many come before it as in the text.
  let found = -1
  for (let from = node.raw.indexOf(expression); ; from = node.raw.indexOf(expression, from + 1)) {
    found = written.indexOf(expression, found + 1)
    if (found < 0) return node.span
    if (from >= at || from < 0) break
  }
  return { source, start: start + found, end: start + found + expression.length }
}
