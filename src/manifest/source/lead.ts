import { dirname, resolve } from 'node:path'
import { shownUrl } from '../../lib/net/shown-url.ts'
import { parseWebAddress, type WebAddress } from '../../lib/net/web-address.ts'
import type { Report } from '../problems.ts'
import { type Node, shorten } from './node.ts'
import type { Span } from './source.ts'

/**
 * Where a path of the host leads: relative ones begin at the folder of the file that has them. Undefined after
 * reporting one in a manifest that was fetched.
 */
export function leadOnHost(path: string, span: Span, report: Report): string | undefined {
  const { file, url } = span.source
  if (url === null) return resolve(dirname(file), path)
  report({
    code: 'E_BASE_FETCHED',
    message: `a manifest that was fetched may not name files of this computer, got '${shorten(path)}'`,
    span,
    value: shorten(path),
    hint: 'put the key into posada.yaml, or give the text itself where the key takes one',
  })
  return undefined
}

/**
 * Where a path or a URL leads, for what may be fetched: relative paths in a manifest that was fetched lead to
 * what lies beside it on its server. Undefined after reporting an address that is none, or an absolute path there.
 */
export function leadAnywhere(
  written: string,
  span: Span,
  report: Report,
): { path: string } | WebAddress | undefined {
  const { url } = span.source
  const isWeb = isUrl(written)
  if (!isWeb && (url === null || written.startsWith('/'))) {
    const path = leadOnHost(written, span, report)
    return path === undefined ? undefined : { path }
  }
  const address = isWeb ? parseWebAddress(written) : parseWebAddress(written, url ?? undefined)
  if (!('problem' in address)) return address
  const shown = isWeb && URL.canParse(written) ? shownUrl(written) : shorten(written)
  report({
    code: 'E_VALUE_INVALID',
    message: `expected an address to fetch from, got '${shorten(shown)}': ${address.problem}`,
    span,
    value: shorten(shown),
    ...(address.hint === undefined ? {} : { hint: address.hint }),
  })
  return undefined
}

/** Reports variables in a place that a manifest that was fetched names; whether there were any. */
export function refuseVariables(node: Node, report: Report): boolean {
  if (node.span.source.url === null || node.kind !== 'scalar' || !node.raw.includes('${')) return false
  report({
    code: 'E_BASE_FETCHED',
    message: `a manifest that was fetched may not have variables in a place, got '${shorten(node.raw)}'`,
    span: node.span,
    value: shorten(node.raw),
    hint: 'its author could have them sent away; write the place out, or put the key into posada.yaml',
  })
  return true
}

/**
 * Reports an address to fetch from that a variable is a part of, for whoever is asked there is told what it holds;
 * whether it was one. An address that is all of a variable tells no one but the server that the user chose.
 */
export function refuseVariablesInAddress(node: Node, text: string, report: Report): boolean {
  if (node.kind !== 'scalar' || !/^(?:https?|oci|vagrant):/i.test(text)) return false
  const hasVariable = node.raw.replaceAll('$$', '').includes('${')
  if (!hasVariable || wholeVariable.test(node.raw)) return false
  report({
    code: 'E_ADDRESS_VARIABLE',
    message: `an address to fetch from may not have variables in it, got '${shorten(node.raw)}'`,
    span: node.span,
    value: shorten(node.raw),
    hint: 'what they hold would be sent there; write the address out, or put all of it into one variable',
  })
  return true
}

/** An expression that is all of a text, without others in its default. */
const wholeVariable = /^\$\{\w+(?::?[-?][^${}]*)?\}$/

export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text)
}
