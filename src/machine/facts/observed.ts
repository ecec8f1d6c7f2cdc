/** How a machine is, in one word. */
export type MachineStateName =
  /** In the manifest, never made. */
  | 'absent'
  /** Its disks are there; it was never started, or `up` was cut short. */
  | 'created'
  /** It runs and has not been seen ready yet. */
  | 'starting'
  | 'running'
  | 'paused'
  | 'stopped'
  /** It does not run, and goes on from the memory that was saved of it. */
  | 'suspended'
  /** It ended without being asked to. */
  | 'crashed'
  /** It cannot be found out: its state is damaged, or its provider is not installed. */
  | 'unknown'

/** How a machine was found, from all that can tell: its records, its hypervisor, its console. */
export interface Observed {
  state: Found
  /** What there is to say of it: the words of a kernel that panicked, why a machine crashed. */
  detail: string | null
}

export type Found =
  | Exclude<MachineStateName, 'unknown'>
  /** Paused by the hypervisor: the host could not store what the guest wrote. */
  | 'stalled'
  /** Its hypervisor runs while the guest's kernel no longer does anything. */
  | 'panicked'
  /** It had its time to boot and says nothing. */
  | 'overdue'
  /** Its records cannot be read; the project is this user's. */
  | 'damaged'
  /** Neither it nor the project was made by this user on this host. */
  | 'foreign'
