import type { Machine } from '../../manifest/index.ts'
import type { FolderResult } from '../folder-results.ts'
import { findReachable } from '../guest/session.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'
import { type Brought, settleFolders } from './settle.ts'

/** Brings folders into a running machine, whose lock is held, and has them kept equal afterwards. */
export async function syncNow(
  project: Declared & Places & Providing & Reporting,
  config: Machine,
  folders: readonly Brought['folder'][],
): Promise<FolderResult[]> {
  const { state, target, provider, pid } = await findReachable(project, config.name)
  const results: FolderResult[] = []
  const onDone = (brought: Brought) => results.push(resultOf(brought))
  const left = await settleFolders(project, { config, provider, state, pid }, { folders, onDone })
  if (left.length === 0) return results
  // Where a process keeps them equal, which is nearly always, none of this is needed.
  const { connect } = await import('../../ssh/index.ts')
  const { bringFolders } = await import('./bring-folders.ts')
  const session = await connect(target, { signal: project.signal })
  try {
    const due = left.map(({ to }) => to)
    await bringFolders(project, { config, provider, state }, { folders: due, session, onDone })
  } finally {
    await session.close()
  }
  return results
}

function resultOf({ folder: { from, to, type }, ...counts }: Brought): FolderResult {
  return { from, to, type, ...counts }
}
