import { posix } from 'node:path'
import type { Node } from '../../manifest/index.ts'
import type { DraftMachine } from '../draft.ts'
import { takeFolder } from '../folders.ts'
import { inFolder } from '../foreign-file.ts'
import { textOf, under } from '../nodes.ts'

/** The folder that is opened: the one with `.devcontainer`, as the manifest names it. */
export function workspaceOf(folder: string): string {
  const inside = posix.basename(folder) === '.devcontainer'
  return inFolder(inside ? posix.dirname(folder) : folder, '.')
}

/**
 * An item of `mounts`, or `workspaceMount`: `source=…,target=…,type=bind`, or a mapping. A text says why it is not carried
 * over.
 */
export function bind(
  item: Node,
  { machine, workspace }: { machine: DraftMachine; workspace: string },
): string | undefined {
  const text = textOf(item)
  const parts = new Map<string, string>()
  for (const part of (text ?? '').split(',')) {
    const [key = '', value = ''] = part.split('=', 2)
    parts.set(key.trim(), value)
  }
  const get = (...keys: string[]) =>
    keys
      .map((key) => (text === undefined ? textOf(under(item, key)) : parts.get(key)))
      .find((one) => one !== undefined)
  if (get('type') !== 'bind') return 'a volume: what is in it lies on the disk of the machine'
  const local = '${localWorkspaceFolder}'
  const source = get('source', 'src') ?? ''
  const rest = source.startsWith(local) ? source.slice(local.length).replace(/^\/+/, '') : null
  const from = rest === null ? source : rest === '' ? workspace : inFolder(workspace, rest)
  const to = get('target', 'destination', 'dst')
  if (from.includes('${') || to?.includes('${') === true)
    return 'it has variables that only a devcontainer fills in'
  return takeFolder(machine, { from: [from], to })
}
