import type { Conditions } from '../lib/values/link-conditions.ts'

/** All that a project's network process works by: plain data, written by the commands. */
export interface NetworkConfig {
  version: 1
  /** The project's name: machines are `<machine>.<project>.internal`. */
  project: string
  networks: NetworkDefinition[]
  /** Machines that may reach this computer, and know it by name. Left out: none. */
  hostAccess?: string[]
}

export interface NetworkDefinition {
  name: string
  /** `10.40.0.0/24`. The first address is the services' own. */
  subnet: string
  /** A prefix of 64 bits: `fd12:3456:789a:1::/64`. */
  ipv6: string
  /** Names outside the project are not looked up for its machines. */
  isolated: boolean
  /** Machines send from their own addresses only. */
  guarded: boolean
  /** What loss, jitter and the rest are drawn from. */
  seed: number
  /** Of every way from one machine to another. */
  conditions: Conditions
  /** Of single pairs, over the network's, in both directions. */
  pairs: { between: [string, string]; conditions: Conditions }[]
  members: Member[]
}

/** A machine on a network. */
export interface Member {
  machine: string
  /** `52:54:00:c0:ff:ee`. */
  mac: string
  ipv4: string
  ipv6: string
  /** Where its NIC listens while it runs. */
  socket: string
}
