import type { Machine } from '../../manifest/index.ts'
import type { UpMachine } from '../guest/keep-companion.ts'
import type { Declared, Locking, Places, Providing } from '../project.ts'
import type { PortResult } from '../results.ts'

export type Surroundings = Declared & Places & Providing & Locking

/**
 * A process that serves machines beside their hypervisors and lives no longer than they do. The holder of the
 * machine's lock calls it.
 */
export interface Companion {
  /** A machine is about to be started, as it has just been recorded. */
  before(project: Surroundings, machine: { config: Machine; projectId: string }): Promise<void>
  /** `up` has found or made a machine running. Returns the ports that lead into it by this companion. */
  running(project: Surroundings, machine: UpMachine): Promise<PortResult[]>
  /** A machine has stopped, or is being destroyed; it may have left the manifest, and its records may be gone. */
  ended(project: Places & Locking, machine: string): Promise<void>
}
