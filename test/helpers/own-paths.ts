import { type ProjectPaths, projectPaths } from '../../src/project/paths.ts'
import { type UserPaths, userPaths } from '../../src/project/user-paths.ts'

/** The folders of a user whose home is this one. */
export function userIn(home: string): UserPaths {
  return userPaths({ HOME: home, XDG_RUNTIME_DIR: `${home}/run` })
}

/** The paths of a project in a folder, for a user whose home is `home`. */
export function projectIn(root: string, home = root): ProjectPaths {
  return projectPaths(root, userIn(home))
}
