import type { ProcessIdentity } from '../lib/process/process-identity.ts'
import type { SshTarget } from '../ssh/index.ts'

/** What the process that forwards a guest's ports is told. */
export interface ForwarderConfig {
  machine: string
  target: SshTarget
  /** The machine's process: the forwarder ends when it has ended. */
  hypervisor: ProcessIdentity
  /** The socket it answers on. */
  control: string
  /** Held by the process itself, see process-lock.ts. */
  lock: string
  /** Ports of the guest that are not forwarded: SSH's, and those that the manifest forwards. */
  skip: number[]
  /** Ports of the host that belong to something else. */
  avoid: number[]
}

/** What the process says of itself. */
export interface Forwarding {
  /** The machine's process that it was started for; with that it ends. */
  hypervisor: ProcessIdentity
  ports: Forward[]
}

export interface Forward {
  hostPort: number
  guestPort: number
}
