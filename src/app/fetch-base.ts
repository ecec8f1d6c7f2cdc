import type { WebFiles, WebFilesOptions } from '../fetched-files/index.ts'
import type { LoadOptions } from '../manifest/index.ts'
import { projectPaths, userPaths } from '../project/index.ts'

type FetchBase = NonNullable<LoadOptions['fetch']>

/** How `loadManifest` gets base manifests; `filesOf`: those of the project in a folder. */
export function fetchBase(filesOf: (root: string) => WebFiles | Promise<WebFiles>): FetchBase {
  return async (address, { root, limit }) => {
    const { get } = await filesOf(root)
    return (await get(address, { what: 'the base manifest', limit })).bytes
  }
}

/** The same for a verb that only reads the manifest: what is fetched goes into the cache and not into posada.lock. */
export function fetchBaseToRead(
  context: Pick<WebFilesOptions, 'env' | 'emit' | 'signal' | 'fetches'>,
): FetchBase {
  return fetchBase(async (root) => {
    // Few manifests need it.
    const { webFiles } = await import('../fetched-files/index.ts')
    const user = userPaths(context.env)
    return webFiles({
      ...context,
      paths: projectPaths(root, user),
      cache: user.fetched,
      command: 'posada',
      lockWait: 0,
    })
  })
}
