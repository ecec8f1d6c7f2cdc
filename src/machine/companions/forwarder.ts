import { endHolder } from '../../background/index.ts'
import { keepForwarded } from '../ports/forwarded.ts'
import type { Companion } from './companion.ts'

/** The process that forwards what listens in a guest (`ports: auto`). It needs a guest that can be logged in to. */
export const forwarder: Companion = {
  before: async () => undefined,
  running: keepForwarded,
  ended: (project, machine) => endHolder(project.paths.machine(machine).forwarderLock),
}
