/**
 * Something that answers reads and writes of a range of port or memory addresses.
 *
 * `offset` counts from the start of the claimed range; `data.length` is the width of the access (1, 2, 4, or
 * 8 for memory). Both are the guest's choice: a device answers an access it does not know with all ones or
 * by ignoring it, and never throws. Values are little-endian.
 */
export interface BusDevice {
  /** Fills all of `data`. */
  read(offset: number, data: Uint8Array): void
  write(offset: number, data: Uint8Array): void
}

/** Gives a claimed range back. Doing so twice is harmless. */
export type Release = () => void

/** One address space: the ports, or the memory outside RAM. */
export interface Bus {
  /**
   * Routes `[base, base + size)` to a device. Null when the range overlaps a claimed one or leaves the
   * space: the guest moves PCI BARs about as it likes, so an overlap is not an error of the host's.
   */
  claim(base: number, size: number, device: BusDevice): Release | null
}

/** An interrupt with a fixed wire (an I/O APIC pin); edge-triggered. */
export interface InterruptLine {
  trigger(): void
}

/** What a message-signalled interrupt writes, as the guest programmed it (PCI 3.0, §6.8.2). */
export interface MsiMessage {
  readonly addressLow: number
  readonly addressHigh: number
  readonly data: number
}

/** One message-signalled interrupt: an irqfd with a GSI route of its own. */
export interface MsiVector {
  /** Where `trigger` delivers from now on; null takes the route away. Called only when the message changes. */
  route(message: MsiMessage | null): void
  /** Delivers the message; does nothing without a route. Cheap: called for every completed batch of requests. */
  trigger(): void
}

/** Gives out message-signalled interrupts, one a vector a device offers, for the life of the machine. */
export interface MsiSource {
  vector(): MsiVector
}

/** An address whose writes mean "look at this queue" and nothing else. */
export interface Doorbell {
  readonly space: 'memory' | 'port'
  readonly address: number
}

/**
 * Takes doorbells off the vCPU's way (ioeventfd): after `attach`, a write of any width at the doorbell runs
 * `kick` on the thread of the devices and the vCPU goes on at once. Kicks may be merged, never lost, and
 * never run inside `attach`. A machine without one passes null: then the write arrives at the `BusDevice`,
 * which kicks by itself, so a device must not care which way it came.
 */
export interface QueueNotifier {
  attach(doorbell: Doorbell, kick: () => void): Release
}
