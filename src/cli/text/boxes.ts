import type {
  BoxListing,
  BoxResult,
  OfferedBox,
  PackageResult,
  PruneResult,
  PushResult,
  VerifiedBox,
} from '../../app/index.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import { maskedText } from '../../lib/text/masked-text.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { OutdatedLock, UpdatedLock } from '../../machine/index.ts'
import { makeVisible, type Palette, renderTable } from '../../ui/index.ts'

export function boxText({ name, version, arch, size }: BoxResult): string {
  return `${name} ${version} (${arch}, ${formatSize(size)}) is in the store`
}

export function pushText({ name, version, arch, target, digest, size, uploaded }: PushResult): string {
  const sent =
    uploaded === 0 ? 'nothing to upload' : `${formatSize(uploaded)} of ${formatSize(size)} uploaded`
  return `${name} ${version} (${arch}) is at ${target}, ${sent}\n${digest}`
}

export function packageText(result: PackageResult): string {
  const { machine, halted } = result
  return `${boxText(result)}${halted ? `; ${machine} was shut down (posada up ${machine})` : ''}`
}

export function boxesText({ boxes, damaged, recipes }: BoxListing, paint: Palette): string {
  const table = renderTable(
    boxes,
    [
      { title: 'BOX', text: ({ name, bearsName }) => (bearsName ? name : `(${name})`) },
      { title: 'VERSION', text: ({ version }) => version },
      { title: 'ARCH', text: ({ arch }) => arch },
      { title: 'SIZE', text: ({ size }) => formatSize(size), align: 'right' },
      { title: 'DIGEST', text: ({ digest }) => digest.slice(0, 12) },
      { title: 'USED', text: ({ usedAt }) => usedAt?.slice(0, 10) ?? '' },
      { title: 'WHAT', text: ({ description }) => description },
      { title: 'FROM', text: ({ source }) => makeVisible(source ?? '') },
    ],
    paint.dim,
  )
  const there = new Set(boxes.flatMap(({ name, bearsName }) => (bearsName ? [name] : [])))
  const missing = recipes.filter((recipe) => !there.has(recipe))
  const lines = [boxes.length === 0 ? 'no boxes' : table.trimEnd()]
  for (const { name, version, problem } of damaged) {
    lines.push(paint.red(`${makeVisible(name)} ${makeVisible(version)} is damaged: ${makeVisible(problem)}`))
  }
  if (missing.length > 0) lines.push(`can be built: ${missing.join(', ')} (posada box build NAME)`)
  return lines.join('\n')
}

export function offeredText(boxes: readonly OfferedBox[], text: string | undefined, paint: Palette): string {
  if (boxes.length === 0) return `no box matches ${text}; posada box search lists them all`
  const table = renderTable(
    boxes,
    [
      { title: 'BOX', text: ({ name }) => name },
      { title: 'VERSION', text: ({ versions }) => versions[0] ?? '' },
      { title: 'ARCH', text: ({ arch }) => arch.join(', ') },
      { title: 'IN THE STORE', text: ({ stored }) => stored[0] ?? '' },
      {
        title: 'GET IT WITH',
        text: ({ kind, name }) => `posada box ${kind === 'recipe' ? 'build' : 'add'} ${name}`,
      },
      { title: 'WHAT', text: ({ description }) => description },
    ],
    paint.dim,
  )
  return table.trimEnd()
}

export function pruneText({ removed, size }: PruneResult, dryRun: boolean): string {
  if (removed.length === 0) return 'every box is in use; nothing to prune'
  const lines = removed.map(
    (box) =>
      `${box.name} ${box.version} (${box.arch}, ${formatSize(box.size)}) ${dryRun ? 'would be removed' : 'removed'}`,
  )
  return [...lines, `${formatSize(size)} ${dryRun ? 'would be freed' : 'freed'}`].join('\n')
}

export function verifyText(boxes: readonly VerifiedBox[], paint: Palette): string {
  if (boxes.length === 0) return 'no boxes'
  return boxes
    .map(({ name, version, arch, problem }) => {
      const what = `${makeVisible(name)} ${makeVisible(version)} (${arch})`
      return problem === null ? `${what} is intact` : paint.red(`${what} is damaged: ${makeVisible(problem)}`)
    })
    .join('\n')
}

export function outdatedText({ boxes, files }: OutdatedLock, paint: Palette): string {
  const rows = [
    ...boxes.map(({ box: name, ...rest }) => ({ name, ...rest })),
    ...files.map(({ url, locked, newest, outdated }) => ({
      name: shownUrl(url),
      arch: '',
      locked: locked?.slice(0, shortDigest) ?? null,
      newest: newest.slice(0, shortDigest),
      outdated,
    })),
  ]
  return renderTable(
    rows,
    [
      { title: 'BOX', text: ({ name }) => makeVisible(name) },
      { title: 'ARCH', text: ({ arch }) => arch },
      { title: 'LOCKED', text: ({ locked }) => locked ?? 'not yet' },
      { title: 'NEWEST', text: ({ newest }) => newest ?? 'not known' },
      { title: '', text: ({ outdated }) => (outdated ? 'posada box update' : '') },
    ],
    paint.dim,
  ).trimEnd()
}

export function updateText({ boxes, files, removed }: UpdatedLock): string {
  const moves = [
    ...boxes.map(({ box, from, to, changed }) => ({
      name: box,
      from: from?.version,
      to: to.version,
      changed,
    })),
    ...files.map(({ url, from, to, changed }) => ({
      name: shownUrl(url),
      from: from?.slice(0, shortDigest),
      to: to.slice(0, shortDigest),
      changed,
    })),
  ]
  const lines = moves.map(({ name, from, to, changed }) => {
    const shown = makeVisible(name)
    if (!changed) return `${shown} stays at ${to}`
    return from === undefined ? `${shown} is locked to ${to}` : `${shown} updated from ${from} to ${to}`
  })
  const gone = removed.map(
    (name) => `${makeVisible(maskedText(name))} is no longer used and was removed from posada.lock`,
  )
  return [...lines, ...gone].join('\n')
}

/** Characters of a digest that tell it from another. */
const shortDigest = 'sha256:'.length + 12
