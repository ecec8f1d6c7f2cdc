import type { ImportResult } from '../../app/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { ExportResult } from '../../machine/index.ts'

export function exportText({ project, machines, size }: ExportResult, file: string): string {
  return `${project} is in ${file}: ${machines.join(', ')} (${formatSize(size)})`
}

export function importText({ project, root, machines }: ImportResult): string {
  const names = machines.length === 0 ? 'without machines' : machines.join(', ')
  return `${project} is in ${root}: ${names}\nposada up there starts it`
}
