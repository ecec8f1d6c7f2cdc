import { availableParallelism } from 'node:os'
import type { Machine } from '../../manifest/index.ts'

/** Machines boot and are set up together for as long as each finds processors of the host for its own. */
export const processors = {
  limit: availableParallelism(),
  weight: ({ cpus }: Machine) => cpus,
  room: 'a free processor',
}
