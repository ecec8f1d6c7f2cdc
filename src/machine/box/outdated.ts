import type { Project } from '../project.ts'
import { fetchScripts } from '../provision/steps.ts'
import { type OutdatedBox, outdatedBoxes } from './update-boxes.ts'

/** What `outdatedLock` found. */
export interface OutdatedLock {
  boxes: OutdatedBox[]
  files: OutdatedFile[]
}

/** A base manifest or script that has a URL: what posada.lock has, and what is there now; `sha256:…` each. */
export interface OutdatedFile {
  /** Without credentials. */
  url: string
  /** null: not in posada.lock yet. */
  locked: string | null
  newest: string
  outdated: boolean
}

/**
 * What `updateLock` would find, without fetching boxes or changing posada.lock. The project has to be opened so
 * that base manifests and scripts are fetched again.
 */
export async function outdatedLock(project: Project): Promise<OutdatedLock> {
  for (const config of project.manifest.machines) await fetchScripts(project, config)
  const files = (await project.webFiles.moves()).map(({ url, from, to, changed }) => ({
    url,
    locked: from,
    newest: to,
    outdated: from !== null && changed,
  }))
  return { boxes: await outdatedBoxes(project), files }
}
