import { yamlQuoted } from '../lib/text/yaml-text.ts'
import type { MapNode, Node, ScalarNode } from './source/node.ts'

/**
 * A mapping of the manifest as the text of a cloud-config. cloud-init reads YAML 1.1, where `0644` and `yes`
 * are different from a manifest's: plain words are handed on as they were written, everything else as
 * JSON in ASCII. Variables are not put in: what it says of `$` is for the guest.
 */
export function cloudConfigText(node: MapNode): string {
  const lines = [...node.entries.values()].map(({ key, value }) => `${yamlQuoted(key)}: ${written(value)}\n`)
  return `#cloud-config\n${lines.length === 0 ? '{}\n' : lines.join('')}`
}

function written(node: Node): string {
  if (node.kind === 'list') return `[${node.items.map(written).join(', ')}]`
  if (node.kind === 'map')
    return `{${[...node.entries.values()].map(({ key, value }) => `${yamlQuoted(key)}: ${written(value)}`).join(', ')}}`
  if (node.value === null) return 'null'
  if (node.isBinary === true) return `!!binary ${yamlQuoted(node.raw)}`
  return typeof node.value !== 'string' || isPlainWord(node) ? node.raw : yamlQuoted(String(node.value))
}

/** Written without quotes, and of characters that mean nothing inside brackets. */
function isPlainWord({ raw, span }: ScalarNode): boolean {
  const { source, start } = span
  return source.text.startsWith(raw, start) && /^[A-Za-z0-9_.+][A-Za-z0-9_.+-]*$/.test(raw)
}
