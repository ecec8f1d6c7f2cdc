import { createHash } from 'node:crypto'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { loadManifest } from '../../manifest/index.ts'
import { projectPaths, userPaths } from '../../project/index.ts'
import { fetchBaseToRead } from '../fetch-base.ts'
import { trustsEverything } from '../trust/agreed.ts'
import type { ValidateOptions } from '../validate.ts'

/** What `posada cache key` prints with `--json`. */
export interface CacheKey {
  /** Changes when other boxes are wanted. */
  key: string
  /** Prefixes to restore an older cache by, the best first: what it has of the boxes is not fetched again. */
  restore: string[]
  /** What is kept under the key. */
  paths: string[]
}

/**
 * What a CI job keeps between runs, and under which key: boxes and fetched files, by what posada.lock and the manifest
 * say of boxes. `version`: of Posada, whose recipes boxes are built from.
 */
export async function cacheKey(options: ValidateOptions & { version: string }): Promise<CacheKey> {
  const { file, cwd, env, version } = options
  const fetch = fetchBaseToRead({ ...options, fetches: 'locked' })
  const anyOwner = trustsEverything(env)
  const manifest = await loadManifest({ cwd, env, fetch, anyOwner, ...(file === undefined ? {} : { file }) })
  const user = userPaths(env)
  const locked = await readTextIfThere(projectPaths(manifest.root, user).lockfile)
  const wanted = manifest.machines.map(({ box, boxTerms, arch }) => JSON.stringify([box, boxTerms, arch]))
  const hash = createHash('sha256').update(JSON.stringify([version, [...new Set(wanted)].sort(), locked]))
  const prefix = `posada-${process.platform}-${process.arch}-`
  return {
    key: `${prefix}${hash.digest('hex').slice(0, 16)}`,
    restore: [prefix],
    paths: [user.boxes, user.fetched],
  }
}
