import type { SshTarget } from '../ssh/index.ts'

/** What the process that keeps a connection to a guest is told. */
export interface KeeperConfig {
  target: SshTarget
  /** The socket at which it gives out shells of the guest. */
  socket: string
  /** Held by the process itself, see process-lock.ts. */
  lock: string
  /** Milliseconds without a command after which it ends; ten minutes unless given. */
  idle?: number
}
