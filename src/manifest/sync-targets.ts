import type { WrittenMachine } from './checked.ts'
import type { Report } from './problems.ts'
import type { Node } from './source/node.ts'
import { placeOf, type Span } from './source/source.ts'

/** Two folders of a machine cannot have the same place in it, nor one lie in the other: each would carry what the other does. */
export function checkTargets({ values }: WrittenMachine, report: Report): void {
  const seen: { to: string; span: Span }[] = []
  for (const { value, node } of values.sync ?? []) {
    const { to } = value
    if (to === undefined) continue
    const span = targetSpan(node)
    const other = seen.find((one) => within(one.to, to) || within(to, one.to))
    seen.push({ to, span })
    if (other === undefined) continue
    const { line } = placeOf(other.span)
    const relation =
      to === other.to ? 'again' : within(other.to, to) ? `in ${other.to}` : `around ${other.to}`
    report({
      code: 'E_VALUE_INVALID',
      message: `expected a place of its own in the guest for each folder, got ${to} ${relation}, first in line ${line}`,
      span,
      value: to,
      hint: 'name another folder of the guest, or leave one of the two out',
    })
  }
}

/** A mounted folder is the host's own: nothing of it can be left out. Any other is the guest's own: it cannot be read-only. */
export function checkKeysOfKind({ values }: WrittenMachine, report: Report): void {
  for (const { value, node } of values.sync ?? []) {
    if (node.kind !== 'map') continue
    const isMount = value.type === 'mount'
    const keys = isMount ? mirrorKeys : ['read_only']
    for (const key of keys) {
      const written = node.entries.get(key)
      if (written === undefined) continue
      report({
        code: 'E_VALUE_INVALID',
        message: isMount
          ? `\`${key}\` does not go with \`type: mount\`: the guest works in the folder itself`
          : `\`${key}\` goes with \`type: mount\` only`,
        span: written.keySpan,
        value: key,
        hint: isMount ? `leave it out, or use type: mirror` : 'leave it out, or use type: mount',
      })
    }
  }
}

const mirrorKeys = ['exclude', 'gitignore', 'git', 'merge']

function within(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

function targetSpan(node: Node): Span {
  const to = node.kind === 'map' ? node.entries.get('to')?.value : undefined
  return (to ?? node).span
}
