import { type BoxStore, openBoxStore } from '../../box/index.ts'
import { type UserPaths, userPaths } from '../../project/index.ts'

/** The layers of the user whose environment this is. */
export function userLayers(env: NodeJS.ProcessEnv): { store: BoxStore; user: UserPaths } {
  const user = userPaths(env)
  return { user, store: openBoxStore(user.layers) }
}
