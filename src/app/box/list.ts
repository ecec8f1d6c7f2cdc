import { listRecipes } from '../../box/index.ts'
import { type BoxResult, boxResult } from './result.ts'
import { userBoxes } from './user-boxes.ts'

/** A box in the store that is damaged. */
export interface DamagedBox {
  name: string
  version: string
  arch: string
  digest: string
  problem: string
}

/** A box in the list. */
export interface ListedBox extends BoxResult {
  /** What it was named by when it was got from elsewhere; null: built here. */
  source: string | null
  /** Whether `box:` with its name means it; false: it calls itself so, and is found by its source alone. */
  bearsName: boolean
  /** ISO 8601; when it was last used, or added. */
  usedAt: string | null
}

export interface BoxListing {
  boxes: ListedBox[]
  damaged: DamagedBox[]
  /** Names that `posada box build` knows. */
  recipes: string[]
}

/** All boxes of this user, and all recipes. */
export async function listBoxes(env: NodeJS.ProcessEnv): Promise<BoxListing> {
  const recipes = (await listRecipes()).map(({ name }) => name)
  const listing: BoxListing = { boxes: [], damaged: [], recipes }
  const { store } = userBoxes(env)
  for (const { box, problem, name, version, arch, digest, source, bearsName } of await store.list()) {
    const usedAt = (await store.lastUse(digest))?.toISOString() ?? null
    if (box !== null) listing.boxes.push({ ...boxResult(box), source, bearsName, usedAt })
    else listing.damaged.push({ name, version, arch, digest, problem: problem?.message ?? '' })
  }
  return listing
}
