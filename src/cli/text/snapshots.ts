import { formatSize } from '../../lib/values/units.ts'
import type {
  ForkResult,
  RestoredResult,
  SavedResult,
  SnapshotDiffResult,
  SnapshotResult,
} from '../../machine/index.ts'
import { makeVisible, type Palette, renderTable } from '../../ui/index.ts'

export function savedText(saved: readonly SavedResult[]): string {
  return saved
    .map(({ machine, name, memory }) => `${machine} was saved as ${name}${memory ? ', with its memory' : ''}`)
    .join('\n')
}

export function restoredSnapshotsText(restored: readonly RestoredResult[]): string {
  return restored
    .map(({ machine, name, state }) => {
      const how = state === 'running' ? 'it is running' : 'it is off'
      return `${machine} was restored to ${name}; ${how}`
    })
    .join('\n')
}

export function forksText(forks: readonly ForkResult[]): string {
  return forks
    .map(({ name, machines }) => {
      const running = machines.map((machine) => machine.name).join(', ')
      const how =
        running === '' ? 'its machines are off' : `${running} ${machines.length === 1 ? 'is' : 'are'} running`
      return `fork ${name}: ${how} (posada status --project ${name})`
    })
    .join('\n')
}

export function deletedText(deleted: readonly { machine: string; name: string }[]): string {
  return deleted.map(({ machine, name }) => `snapshot ${name} of ${machine} was deleted`).join('\n')
}

export function snapshotsText(snapshots: readonly SnapshotResult[], paint: Palette): string {
  if (snapshots.length === 0) return 'no snapshots: posada snapshot save creates one'
  const columns = [
    { title: 'MACHINE', text: ({ machine }: SnapshotResult) => machine },
    { title: 'SNAPSHOT', text: treeText },
    { title: 'TIME', text: ({ at }: SnapshotResult) => at.slice(0, 19).replace('T', ' ') },
    { title: 'MEMORY', text: ({ memory }: SnapshotResult) => (memory ? 'yes' : '-') },
    { title: 'SIZE', text: ({ size }: SnapshotResult) => formatSize(size), align: 'right' as const },
    { title: 'NOTE', text: ({ note }: SnapshotResult) => makeVisible(note ?? '') },
  ]
  return renderTable(snapshots, columns, paint.dim)
}

export function snapshotDiffText(differences: readonly SnapshotDiffResult[]): string {
  const lines = differences.flatMap(({ machine, from, to, disk, memory, changes }) => [
    `${machine}, from ${from} to ${to ?? 'now'}: ${formatSize(disk)} written to its disks`,
    ...(memory.from === memory.to ? [] : [`  running: ${memory.from ? 'yes -> no' : 'no -> yes'}`]),
    ...changes.map((change) => `  ${change.what}: ${change.from ?? '-'} -> ${change.to ?? '-'}`),
  ])
  return lines.map(makeVisible).join('\n')
}

function treeText({ name, depth, current }: SnapshotResult): string {
  return `${'  '.repeat(depth)}${name}${current ? ' *' : ''}`
}
