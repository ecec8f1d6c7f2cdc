import { endKeeper } from '../../keeper/index.ts'
import type { Companion } from './companion.ts'

/** The process that keeps an SSH connection for commands: the first that needs it begins it (guest/kept-connection.ts). */
export const keeper: Companion = {
  before: (project, { config }) => endKeeper(project.paths.machine(config.name).keeperLock),
  running: async () => [],
  ended: (project, machine) => endKeeper(project.paths.machine(machine).keeperLock),
}
