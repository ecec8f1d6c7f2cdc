import type { MovedFile } from '../../fetched-files/index.ts'
import type { Project } from '../project.ts'
import { fetchScripts } from '../provision/steps.ts'
import { dropUnused } from './drop-unused.ts'
import { type UpdatedBox, updateBoxes } from './update-boxes.ts'

/** What `updateLock` came to. */
export interface UpdatedLock {
  boxes: UpdatedBox[]
  /** Base manifests and scripts that have a URL. */
  files: MovedFile[]
  /** What the manifest names no longer, as the lock named it. */
  removed: string[]
}

/**
 * Moves posada.lock: boxes to their newest versions (see `updateBoxes`), base manifests and scripts to what is at
 * their URLs now. `names`: boxes and URLs, see `lockName`; none means all, and takes out what is not used any longer. The
 * project has to be opened so that the same are moved.
 */
export async function updateLock(project: Project, names: readonly string[]): Promise<UpdatedLock> {
  for (const config of project.manifest.machines) await fetchScripts(project, config)
  const urls = project.webFiles.urls()
  const ofBoxes = names.filter((name) => !urls.includes(name))
  const isNone = names.length > 0 && ofBoxes.length === 0
  const boxes = isNone ? [] : await updateBoxes(project, ofBoxes)
  const files = await project.webFiles.keep()
  return { boxes, files, removed: names.length === 0 ? await dropUnused(project) : [] }
}
