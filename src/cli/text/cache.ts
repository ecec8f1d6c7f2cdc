import type { CacheListing, CachePruneResult, PushedLayer } from '../../app/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import { makeVisible, type Palette, renderTable } from '../../ui/index.ts'

export function cacheText({ layers, warm, size }: CacheListing, paint: Palette): string {
  const tables = [
    ...(layers.length === 0
      ? ['no layers; a provision step with "cache: true" makes one']
      : [layersText(layers, paint)]),
    ...(warm.length === 0 ? [] : [imagesText(warm, paint)]),
  ]
  const total = layers.length + warm.length === 0 ? [] : [`${formatSize(size)} in all`]
  return [...tables, ...total].join('\n')
}

function layersText(layers: CacheListing['layers'], paint: Palette): string {
  const table = renderTable(
    layers,
    [
      { title: 'LAYER', text: ({ name }) => shortName(name) },
      { title: 'ARCH', text: ({ arch }) => arch },
      { title: 'SIZE', text: (layer) => formatSize(layer.size), align: 'right' },
      { title: 'USED', text: ({ usedAt }) => usedAt?.slice(0, 10) ?? '' },
      { title: 'MACHINES', text: ({ machines }) => String(machines.length), align: 'right' },
      { title: 'WHAT', text: (layer) => whatIs(layer, paint) },
    ],
    paint.dim,
  )
  return table.trimEnd()
}

function imagesText(images: CacheListing['warm'], paint: Palette): string {
  const table = renderTable(
    images,
    [
      { title: 'WARM IMAGE', text: ({ name }) => shortName(name) },
      { title: 'ARCH', text: ({ arch }) => arch },
      { title: 'SIZE', text: (image) => formatSize(image.size), align: 'right' },
      { title: 'USED', text: ({ usedAt }) => usedAt.slice(0, 10) },
      { title: 'WHAT', text: (image) => whatIs(image, paint) },
    ],
    paint.dim,
  )
  return table.trimEnd()
}

function whatIs(
  { description, problem }: { description: string; problem: string | null },
  paint: Palette,
): string {
  return problem === null ? makeVisible(description) : paint.red(`damaged: ${makeVisible(problem)}`)
}

export function cachePrunedText({ removed, warm, size }: CachePruneResult, dryRun: boolean): string {
  const gone = [...warm, ...removed]
  if (gone.length === 0) return 'no unused layers, and no warm images; nothing to prune'
  const done = dryRun ? 'would be removed' : 'removed'
  const lines = gone.map((one) => `${shortName(one.name)} (${formatSize(one.size)}) ${done}`)
  return [...lines, `${formatSize(size)} ${dryRun ? 'would be freed' : 'freed'}`].join('\n')
}

export function layersPushedText({ layers }: { layers: PushedLayer[] }): string {
  const lines = layers.map(
    ({ machines, step, url, size, uploaded }) =>
      `${machines.join(', ')}: step ${step} is at ${url} (${formatSize(size)}, ${formatSize(uploaded)} sent)`,
  )
  return [...lines, 'commit posada.lock, and others start from there'].join('\n')
}

/** As `plan` shows it. */
function shortName(name: string): string {
  return name.replace(/^(?:layer|warm)\//, '').slice(0, 12)
}
