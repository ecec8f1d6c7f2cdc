import { dirname } from 'node:path'
import type { WebAddress } from '../../lib/net/web-address.ts'
import { limits } from '../limits.ts'
import type { Report } from '../problems.ts'
import { leadAnywhere, leadOnHost, refuseVariables, refuseVariablesInAddress } from '../source/lead.ts'
import type { Span } from '../source/source.ts'
import { text } from './text.ts'
import type { Schema } from './types.ts'

/**
 * A text, read as where it leads from the file that has it; `lead` reports what leads nowhere. Variables in an
 * address, and in any place that a fetched manifest names, are reported: what they hold would be sent away.
 */
export function leading<T>(
  written: Schema<string>,
  lead: (text: string, span: Span, report: Report) => T | undefined,
): Schema<T> {
  return {
    ...written,
    check: (node, context, owner) => {
      if (refuseVariables(node, context.report)) return undefined
      const read = written.check(node, context, owner)
      if (read === undefined || refuseVariablesInAddress(node, read, context.report)) return undefined
      return lead(read, node.span, context.report)
    },
  }
}

const notHome = (given: string) =>
  given.startsWith('~') ? `'~' is not expanded; write \${HOME}${given.slice(1)}` : undefined

const path = text({
  label: 'path',
  expected: 'a path of the host',
  minLength: 1,
  maxLength: limits.pathLength,
  pattern: '(?!~)[\\s\\S]*',
  hint: notHome,
})

/** A path of the host; read as an absolute one. */
export const hostPath: Schema<string> = leading(path, leadOnHost)

/** A path of the host, which in a manifest that was fetched may lead to what lies beside it. */
export const pathOrBeside: Schema<{ path: string } | WebAddress> = leading(path, leadAnywhere)

/** A path of the host, or a URL. */
export const pathOrUrl: Schema<{ path: string } | WebAddress> = leading(
  text({
    label: 'path or URL',
    expected: 'a path or an address that begins with https://',
    minLength: 1,
    maxLength: limits.pathLength,
    pattern: '(?!~)(?!(?!https?:)[A-Za-z][A-Za-z0-9+.-]*://)\\S[\\s\\S]*',
    hint: notHome,
  }),
  leadAnywhere,
)

export const webUrl: Schema<{ path: string } | WebAddress> = leading(
  text({
    label: 'URL',
    expected: 'an address that begins with https://',
    maxLength: limits.pathLength,
    pattern: 'https?://\\S+',
  }),
  leadAnywhere,
)

/** The address of a catalogue of boxes, or an absolute path. */
export const catalogue: Schema<string> = leading(
  text({
    label: 'address or path',
    expected: 'an https:// address or a path that begins with ./',
    pattern: 'https?://\\S+|\\.{0,2}/.+',
    maxLength: 2000,
    hint: () => 'a catalogue is a JSON file; docs/boxes.md says what it holds',
  }),
  (written, span, report) => (isPath(written) ? leadOnHost(written, span, report) : written),
)

/** What names a box, and the folder that a path among it is relative to. */
export interface BoxPlace {
  written: string
  folder: string
}

/** The same text with the folder of the file that has it. */
export function withFolder(written: string, span: Span, report: Report): BoxPlace | undefined {
  if (isPath(written) && leadOnHost(written, span, report) === undefined) return undefined
  return { written, folder: dirname(span.source.file) }
}

function isPath(written: string): boolean {
  return /^\.{0,2}\//.test(written)
}
