import type { LayerListing, LayerPruneResult, PushedLayer } from '../../app/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import { makeVisible, type Palette, renderTable } from '../../ui/index.ts'

export function layersText({ layers, size }: LayerListing, paint: Palette): string {
  if (layers.length === 0) return 'no layers; a provision step with "cache: true" makes one'
  const table = renderTable(
    layers,
    [
      { title: 'LAYER', text: ({ name }) => shortName(name) },
      { title: 'ARCH', text: ({ arch }) => arch },
      { title: 'SIZE', text: (layer) => formatSize(layer.size), align: 'right' },
      { title: 'USED', text: ({ usedAt }) => usedAt?.slice(0, 10) ?? '' },
      { title: 'MACHINES', text: ({ machines }) => String(machines.length), align: 'right' },
      {
        title: 'WHAT',
        text: ({ description, problem }) =>
          problem === null ? makeVisible(description) : paint.red(`damaged: ${makeVisible(problem)}`),
      },
    ],
    paint.dim,
  )
  return `${table.trimEnd()}\n${formatSize(size)} in all`
}

export function layersPrunedText({ removed, size }: LayerPruneResult, dryRun: boolean): string {
  if (removed.length === 0) return 'no unused layers; nothing to prune'
  const done = dryRun ? 'would be removed' : 'removed'
  const lines = removed.map((one) => `${shortName(one.name)} (${formatSize(one.size)}) ${done}`)
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
  return name.replace(/^layer\//, '').slice(0, 12)
}
