import type { HostAddress } from '../wire/address.ts'

/** What the process that keeps the connection to a host is told. */
export interface LinkConfig {
  address: HostAddress
  version: string
  /** What ssh runs with. */
  env: Record<string, string>
  /** Held by the process itself. */
  lock: string
  /** The Unix socket on which commands ask for streams. */
  socket: string
}

/** A machine of the other host whose ports and logs are wanted here. */
export interface Watched {
  id: string
  uuid: string
  /** Where this host listens, and the guest's port that each leads to. */
  ports: { address: string; port: number; guestPort: number }[]
  /** Files that what the machine writes there is copied to. */
  logs: { console: string; provider: string }
}
