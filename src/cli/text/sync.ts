import { formatSize } from '../../lib/values/units.ts'
import type { ConflictResult, FolderResult, FolderStatus, TrashResult } from '../../machine/index.ts'
import { makeVisible, type Palette, renderTable } from '../../ui/index.ts'

/** What `posada sync` did, a line a folder. */
export function syncText(machines: readonly { name: string; folders: readonly FolderResult[] }[]): string {
  return machines
    .flatMap(({ name, folders }) =>
      folders.map((folder) => `${name}:${makeVisible(folder.to)} ${did(folder)}`),
    )
    .join('\n')
}

function did({ type, toGuest, toHost, conflicts }: FolderResult): string {
  if (type === 'mount') return 'mounted'
  const way = ({ written, removed, bytes }: FolderResult['toGuest'], where: string) => [
    ...(written > 0 ? [`${written} (${formatSize(bytes)}) to the ${where}`] : []),
    ...(removed > 0 ? [`${removed} removed on the ${where}`] : []),
  ]
  const parts = [...way(toGuest, 'guest'), ...way(toHost, 'host')]
  const done = parts.length === 0 ? 'nothing to do' : parts.join(', ')
  const word = type === 'once' ? 'copied' : conflicts > 0 ? `${conflicts} in conflict` : 'in step'
  return `${word}: ${done}`
}

/** How one folder stands: `web:/srv/app is in sync`. */
export function folderStatusText(folder: FolderStatus): string {
  const { machine, to, type, state, behind, bytes, conflicts, scanning, problem } = folder
  const words = {
    'in step': 'is in sync',
    syncing:
      behind === 0 ? 'is being compared' : `is ${behind} behind${bytes > 0 ? ` (${formatSize(bytes)})` : ''}`,
    stopped: type === 'mount' ? 'is not mounted' : 'is not being synced',
    copied: 'was copied',
    mounted: 'is mounted',
    missing: 'has not been copied yet',
  }
  const sides = [...(scanning.host ? ['host'] : []), ...(scanning.guest ? ['guest'] : [])]
  const more = [
    ...(conflicts > 0 ? [`${conflicts} in conflict (posada sync conflicts)`] : []),
    ...(sides.length > 0 ? [`scanned every few seconds on the ${sides.join(' and the ')}`] : []),
    ...(problem === undefined ? [] : [makeVisible(problem)]),
  ]
  return [`${machine}:${makeVisible(to)} ${words[state]}`, ...more].join('; ')
}

export function folderStatusesText(folders: readonly FolderStatus[], paint: Palette): string {
  if (folders.length === 0) return 'no synced folders: the manifest has no sync:'
  const table = renderTable(
    folders,
    [
      { title: 'MACHINE', text: ({ machine }) => machine },
      { title: 'FROM', text: ({ from }) => makeVisible(from) },
      { title: 'TO', text: ({ to }) => makeVisible(to) },
      { title: 'TYPE', text: ({ type }) => type },
      { title: 'STATE', text: ({ state }) => state },
      { title: 'BEHIND', text: ({ behind }) => String(behind), align: 'right' },
      { title: 'CONFLICTS', text: ({ conflicts }) => String(conflicts), align: 'right' },
    ],
    paint.dim,
  )
  const notes = folders.filter(
    ({ problem, scanning }) => problem !== undefined || scanning.host || scanning.guest,
  )
  return table + notes.map((folder) => `${folderStatusText(folder)}\n`).join('')
}

export function conflictsText(conflicts: readonly ConflictResult[], paint: Palette): string {
  if (conflicts.length === 0) return 'no conflicts'
  const shown = (version: ConflictResult['mine']) =>
    version === null ? 'deleted' : version.kind === 'file' ? formatSize(version.size) : version.kind
  const table = renderTable(
    conflicts,
    [
      { title: 'MACHINE', text: ({ machine }) => machine },
      { title: 'FOLDER', text: ({ to }) => makeVisible(to) },
      { title: 'PATH', text: ({ path }) => makeVisible(path) },
      { title: 'MINE (HOST)', text: ({ mine }) => shown(mine) },
      { title: 'THEIRS (GUEST)', text: ({ theirs }) => shown(theirs) },
      { title: 'SINCE', text: ({ since }) => since.slice(0, 19).replace('T', ' ') },
    ],
    paint.dim,
  )
  return `${table}posada sync resolve --mine|--theirs|--newest PATTERN… settles them`
}

export function restoredText(items: readonly TrashResult[]): string {
  return items
    .map(({ machine, to, path }) => `${machine}:${makeVisible(`${to}/${path}`)} restored`)
    .join('\n')
}

/** What is in the trash. */
export function trashText(items: readonly TrashResult[], paint: Palette): string {
  if (items.length === 0) return 'the trash is empty: no sync has replaced or deleted anything'
  return renderTable(
    items,
    [
      { title: 'MACHINE', text: ({ machine }) => machine },
      { title: 'FOLDER', text: ({ to }) => makeVisible(to) },
      { title: 'PATH', text: ({ path }) => makeVisible(path) },
      { title: 'SIDE', text: ({ side }) => side },
      {
        title: 'SIZE',
        text: ({ kind, size }) => (kind === 'file' ? formatSize(size) : kind),
        align: 'right',
      },
      { title: 'WHEN', text: ({ at }) => at.slice(0, 19).replace('T', ' ') },
    ],
    paint.dim,
  ).trimEnd()
}
