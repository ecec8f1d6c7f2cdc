import type { WebFiles } from '../../machine/project.ts'
import type { LoadOptions } from '../../manifest/index.ts'

/** How `loadManifest` gets base manifests; `filesOf`: those of the project in a folder. */
export function fetchBase(filesOf: (root: string) => WebFiles): NonNullable<LoadOptions['fetch']> {
  return async (address, { root, limit }) => {
    const { bytes } = await filesOf(root).get(address, { what: 'the base manifest', limit })
    return bytes
  }
}
