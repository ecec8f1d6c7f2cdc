import type { BoxListing, BoxResult } from '../../app/boxes.ts'
import type { PushResult } from '../../app/push-box.ts'
import { formatSize } from '../../lib/units.ts'
import type { Palette } from '../../ui/colour.ts'
import { renderTable } from '../../ui/table.ts'
import { makeVisible } from '../../ui/text.ts'

export function boxText({ name, version, arch, size }: BoxResult): string {
  return `${name} ${version} (${arch}, ${formatSize(size)}) is in the store`
}

export function pushText({ name, version, arch, target, digest, size, uploaded }: PushResult): string {
  const sent = uploaded === 0 ? 'all of it was there' : `${formatSize(uploaded)} of ${formatSize(size)} sent`
  return `${name} ${version} (${arch}) is at ${target}, ${sent}\n${digest}`
}

export function packagedText(result: BoxResult & { machine: string; halted: boolean }): string {
  const { machine, halted } = result
  return `${boxText(result)}${halted ? `; ${machine} was shut down (posada up ${machine})` : ''}`
}

export function boxesText({ boxes, damaged, recipes }: BoxListing, paint: Palette): string {
  const table = renderTable(
    boxes,
    [
      { title: 'BOX', text: ({ name }) => name },
      { title: 'VERSION', text: ({ version }) => version },
      { title: 'ARCH', text: ({ arch }) => arch },
      { title: 'SIZE', text: ({ size }) => formatSize(size), align: 'right' },
      { title: 'DIGEST', text: ({ digest }) => digest.slice(0, 12) },
      { title: 'WHAT', text: ({ description }) => description },
    ],
    paint.dim,
  )
  const there = new Set(boxes.map(({ name }) => name))
  const missing = recipes.filter((recipe) => !there.has(recipe))
  const lines = [boxes.length === 0 ? 'no boxes' : table.trimEnd()]
  for (const { name, version, problem } of damaged) {
    lines.push(paint.red(`${makeVisible(name)} ${makeVisible(version)} is damaged: ${makeVisible(problem)}`))
  }
  if (missing.length > 0) lines.push(`can be built: ${missing.join(', ')} (posada box build NAME)`)
  return lines.join('\n')
}
