import type { Machine } from '../../manifest/index.ts'
import { isUp } from '../../provider/index.ts'
import { connect } from '../../ssh/index.ts'
import type { FolderResult } from '../folder-results.ts'
import { findReachable } from '../guest/session.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'
import { type Brought, bringFolders, settleFolders } from './bring-folders.ts'
import { keepFolders } from './kept-folders.ts'

/** Brings folders into a running machine, whose lock is held, and has them kept equal afterwards. */
export async function syncNow(
  project: Declared & Places & Providing & Reporting,
  config: Machine,
  folders: readonly Brought['folder'][],
): Promise<FolderResult[]> {
  const { state, target } = await findReachable(project, config.name)
  const provider = await project.providers.get(state.provider)
  const results: FolderResult[] = []
  const onDone = (brought: Brought) => results.push(resultOf(brought))
  const now = await provider.status(state.spec)
  const left = isUp(now)
    ? await settleFolders(project, { config, provider, state, pid: now.pid }, { folders, onDone })
    : folders
  if (left.length === 0) return results
  const session = await connect(target, { signal: project.signal })
  try {
    await bringFolders(project, { config, state }, { folders: left.map(({ to }) => to), session, onDone })
  } finally {
    await session.close()
    // Also where one of them failed: the others are kept equal on.
    const status = await provider.status(state.spec)
    if (isUp(status)) await keepFolders(project, { config, provider, state, pid: status.pid })
  }
  return results
}

function resultOf({ folder: { from, to, type }, ...counts }: Brought): FolderResult {
  return { from, to, type, ...counts }
}
