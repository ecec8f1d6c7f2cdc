import type { CompanionConfig } from '../background/index.ts'
import type { ProcessIdentity } from '../lib/process/process-identity.ts'
import type { SshTarget } from '../ssh/index.ts'

/** What the process that forwards a guest's ports is told. */
export interface ForwarderConfig extends CompanionConfig {
  target: SshTarget
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
