/**
 * What a hypervisor counts of a machine that runs, for whoever asks why it is slow. All but `inFlight` and `deepest` only
 * ever grow until the guest is started again, or restarts.
 */
export interface Metrics {
  /** One a virtual processor. */
  vcpus: VcpuMetrics[]
  /** In the order in which the guest finds them. */
  devices: DeviceMetrics[]
}

export interface VcpuMetrics {
  /** How often it left the guest for the hypervisor, by reason; each begins at 0 again after 2^32. */
  exits: {
    /** An access to a port, or to memory that is none. */
    port: number
    memory: number
    /** Nothing to do, where the kernel does not wait itself. */
    halt: number
    /** Told to by the hypervisor: to stand still, or to end. */
    interrupted: number
    other: number
  }
  /** Accesses that waited for the thread of the devices: the dear ones. */
  forwarded: number
}

export interface DeviceMetrics {
  /** Its kind, and its number among those of the kind: `blk0` is the first disk. */
  name: string
  /** By the numbers of the virtio specification. */
  queues: QueueMetrics[]
  /** Rules that the guest's driver broke. */
  faults: number
}

export interface QueueMetrics {
  /** Times that the guest rang. */
  kicks: number
  /** Times that it was interrupted. */
  interrupts: number
  /** Requests that were answered, and bytes of their buffers: what the guest gave, and what it was given. */
  requests: number
  fromGuest: number
  toGuest: number
  /** Requests that are being served now, and the most that waited or were served at once. */
  inFlight: number
  deepest: number
  /** Times that requests had to wait: for a flush, for the other end, for buffers of the guest, for room on the host. */
  stalls: number
}
