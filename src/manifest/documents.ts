import { nearest } from '../lib/text/suggest.ts'
import type { Report } from './problems.ts'
import { merge } from './source/merge.ts'
import { describe, isNull, type MapNode, type Node } from './source/node.ts'
import type { Source } from './source/source.ts'

/** What the files hold; undefined where a file holds nothing, is not there or could not be parsed. */
export interface Documents {
  /** posada.yaml. */
  source: Source
  own: Node | undefined
  /** The manifests that it builds on, the nearest first. */
  bases: readonly MapNode[]
  override: Node | undefined
}

/**
 * The manifest laid over those that it builds on, and its override over all of them; undefined after reporting
 * that it is not a mapping.
 */
export function mergeDocuments(
  { source, own, bases, override }: Documents,
  report: Report,
): MapNode | undefined {
  if (own === undefined || isNull(own)) {
    const span = { source, start: 0, end: 0 }
    report({
      code: 'E_YAML',
      message: 'the manifest is empty',
      span,
      hint: 'posada init minimal shows the least there can be',
    })
    return undefined
  }
  if (!isRoot(own, report)) return undefined
  // What is wrong with a whole mapping is shown where the user's own file has it.
  const merged = [own, ...bases].reduceRight((below, over) => merge(below, over, 'over'))
  if (override === undefined || isNull(override) || !isRoot(override, report)) return merged
  return merge(merged, withoutStrayRemovals(merged, override, report), 'base')
}

export function isRoot(node: Node, report: Report): node is MapNode {
  if (node.kind === 'map') return true
  const message = `expected a mapping of keys, got ${describe(node)}`
  report({ code: 'E_VALUE_TYPE', message, span: node.span, hint: "a manifest begins with 'version: 1'" })
  return false
}

/** Takes out `machines: {name: null}` where there is no such machine to remove: it would make an empty one. */
function withoutStrayRemovals(base: MapNode, override: MapNode, report: Report): MapNode {
  const machines = override.entries.get('machines')
  const known = base.entries.get('machines')?.value
  if (machines?.value.kind !== 'map') return override
  const names = known?.kind === 'map' ? known.entries : new Map<string, unknown>()
  const kept = new Map(machines.value.entries)
  for (const { key, keySpan, value } of machines.value.entries.values()) {
    if (!isNull(value) || names.has(key)) continue
    const near = nearest(key, names.keys())
    const hint = near === undefined ? 'remove the line' : `did you mean '${near}'?`
    report({
      code: 'E_MACHINE_UNKNOWN',
      message: `there is no machine '${key}' to remove`,
      span: keySpan,
      value: key,
      hint,
    })
    kept.delete(key)
  }
  const entries = new Map(override.entries).set('machines', {
    ...machines,
    value: { ...machines.value, entries: kept },
  })
  return { ...override, entries }
}
