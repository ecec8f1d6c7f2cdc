import type { MachineSpec } from '../../src/provider/index.ts'

/**
 * A guest that a provider under contract runs. Once it is up it writes `ready` to the ready channel
 * where the provider has one, prints what its medium holds where it has one, answers each TCP connection to
 * `echoPort` with what it was sent, and
 * shuts down when it is asked to.
 */
export interface ContractGuest {
  boot: MachineSpec['boot']
  /** The same guest, where `hostAccess`: it prints `host <port> says <line>` for ports of the gateway before it is up. */
  asks?: (ports: readonly number[]) => MachineSpec['boot']
  /** The same guest, but it does not react when asked to shut down. */
  deaf: MachineSpec['boot']
  /** The same guest, but it shuts down by itself a second after it is up. */
  brief: MachineSpec['boot']
  memory: number
  echoPort: number
  /** Something that it prints on its console. */
  says: string
  /** Milliseconds that it may take to come up on a busy host. */
  patience: number
}
