/**
 * What a machine that runs has taken of its host since it was started. All but `memory` only ever grows until the
 * machine is started again.
 */
export interface Usage {
  /** Seconds of processor time, of the hypervisor and the processes that serve this machine alone. */
  cpu: number
  /** Bytes of the host's memory that these hold now. */
  memory: number
  /** Bytes of its memory that the guest has now, where that moves. Left out: all. */
  given?: number
  /** Bytes that the guest has read from its disks and written to them. */
  disk: { read: number; written: number }
  /** Bytes of frames that its way to the outside world brought and took; null: it has none, or they are not counted. */
  network: { received: number; sent: number } | null
}
