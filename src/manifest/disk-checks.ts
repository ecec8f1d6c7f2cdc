import { formatSize } from '../lib/values/units.ts'
import type { WrittenMachine } from './checked.ts'
import type { Report } from './problems.ts'
import { nearestEntry } from './source/merge.ts'
import type { Node } from './source/node.ts'
import { placeOf, type Span } from './source/source.ts'

const mebibyte = 1024 ** 2

/** What the makers of file systems refuse to make: mkfs.xfs(8), mkfs.btrfs(8). */
const smallest = { ext4: mebibyte, swap: mebibyte, xfs: 300 * mebibyte, btrfs: 128 * mebibyte } as const

/** Checks what disks of a machine say of each other, of its folders and of its steps. */
export function checkDisks({ values }: WrittenMachine, report: Report): void {
  const names = new Map<string, Span>()
  const folders = new Map(
    (values.sync ?? []).flatMap(({ value: { to }, node }) =>
      to === undefined ? [] : [[to, spanOf(node, 'to')] as const],
    ),
  )
  const refuse: Refuse = (span, message, about) =>
    report({ code: 'E_VALUE_INVALID', message, span, ...about })
  const once = (seen: Map<string, Span>, value: string, { span, what }: { span: Span; what: string }) => {
    const first = seen.get(value)
    if (first === undefined) seen.set(value, span)
    else
      refuse(
        span,
        `expected ${what} of its own for each disk, got '${value}' again, first in line ${placeOf(first).line}`,
        { value, hint: 'change one of the two' },
      )
  }
  for (const { value, node } of values.disks ?? []) {
    const { name, size, mount, filesystem = 'ext4' } = value
    if (name !== undefined) once(names, name, { span: spanOf(node, 'name'), what: 'a name' })
    if (mount !== undefined)
      once(folders, mount, { span: spanOf(node, 'mount'), what: 'a place in the guest' })
    if (mount !== undefined && filesystem === 'swap')
      refuse(spanOf(node, 'mount'), 'a disk to swap to is not mounted', {
        value: mount,
        hint: "remove 'mount'",
      })
    if (size !== undefined && size < smallest[filesystem])
      refuse(
        spanOf(node, 'size'),
        `expected at least ${formatSize(smallest[filesystem])} for ${filesystem}, got ${formatSize(size)}`,
        { value: formatSize(size), hint: 'make it larger, or take another file system' },
      )
  }
  checkCached(values, refuse)
}

type Refuse = (span: Span, message: string, about: { value: string; hint: string }) => void

/** A layer has the box's disks only: a step that wrote to another would be spared, and what it wrote missing. */
function checkCached({ disks = [], provision = [] }: WrittenMachine['values'], refuse: Refuse): void {
  if (!disks.some(({ value }) => value.mount !== undefined)) return
  for (const { value, node } of provision)
    if (value.cache === true)
      refuse(
        spanOf(node, 'cache'),
        "a step of a machine with mounted disks may write to them, and 'cache' keeps only the disk of its box",
        {
          value: 'cache',
          hint: "remove 'cache', or make a box of what the step does: posada box build",
        },
      )
}

function spanOf(node: Node, key: string): Span {
  const found = nearestEntry(node, [key])
  return found === undefined ? node.span : 'key' in found ? found.value.span : found.span
}
