import { type BoxStore, openBoxStore } from '../../box/index.ts'
import { type UserPaths, userPaths } from '../../project/index.ts'
import { machinesOnBox } from './users.ts'

/** The boxes of the user whose environment this is. */
export interface UserBoxes {
  store: BoxStore
  user: UserPaths
  /** The machines that stand on a box, for people. */
  usedBy(digest: string): Promise<string[]>
}

export function userBoxes(env: NodeJS.ProcessEnv): UserBoxes {
  const user = userPaths(env)
  const store = openBoxStore(user.boxes)
  return {
    store,
    user,
    usedBy: (digest) => machinesOnBox({ store, user }, digest),
  }
}
