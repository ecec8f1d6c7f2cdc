import { parseBoxSource, sourceText } from '../../box/index.ts'
import { changeLockfile } from '../../project/index.ts'
import type { Declared, Locking, Places, Scripts } from '../project.ts'
import { recipeOf } from './wanted-box.ts'

/**
 * Takes out of posada.lock what the manifest names no longer, in the words of the lock: boxes, base manifests and
 * scripts. What a box came to on other architectures stays. All of the manifest has to have been looked at before.
 */
export async function dropUnused(project: Declared & Places & Locking & Scripts): Promise<string[]> {
  const { manifest, paths, command, lockWait: wait, signal, webFiles } = project
  const named = manifest.machines
    .filter((config) => recipeOf(project, config) === null)
    .map(({ box }) => sourceText(parseBoxSource(box, manifest.root)))
  const used = new Set([...named, ...webFiles.urls()])
  return changeLockfile({ paths, command, wait, signal }, ({ boxes, files }) => {
    const unused = [...boxes.keys(), ...files.keys()].filter((key) => !used.has(key)).sort()
    for (const key of unused) for (const entries of [boxes, files]) entries.delete(key)
    return { result: unused, changed: unused.length > 0 }
  })
}
