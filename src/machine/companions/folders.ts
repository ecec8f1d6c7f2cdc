import { endHolder } from '../../background/index.ts'
import { keepFolders } from '../sync/kept-folders.ts'
import type { Companion } from './companion.ts'

/** The process that keeps folders equal with the host's (`sync:`). It needs a guest that can be logged in to. */
export const folders: Companion = {
  before: (project, { config }) => endHolder(project.paths.machine(config.name).syncLock),
  async running(project, machine) {
    await keepFolders(project, machine)
    return []
  },
  ended: (project, machine) => endHolder(project.paths.machine(machine).syncLock),
}
