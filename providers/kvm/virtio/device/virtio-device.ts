import type { GuestMemory } from '../../memory/guest-memory.ts'
import type { StateReader, StateWriter } from '../../snapshot/fields.ts'
import type { SplitQueue } from '../queue/split-queue.ts'

/** Device types (virtio 1.2, §5) with the PCI class each is shown as. */
export const virtioTypes = {
  net: { id: 1, pciClass: 0x020000 },
  blk: { id: 2, pciClass: 0x018000 },
  console: { id: 3, pciClass: 0x078000 },
  rng: { id: 4, pciClass: 0xff0000 },
  balloon: { id: 5, pciClass: 0xff0000 },
  vsock: { id: 19, pciClass: 0xff0000 },
  fs: { id: 26, pciClass: 0x018000 },
} as const

export type VirtioType = keyof typeof virtioTypes

/**
 * What a kind of device is, blind to the transport: it says its features, queues and configuration, and
 * serves queues from `activate` to `reset`. Nothing the guest does makes any of these throw.
 */
export interface VirtioDevice {
  readonly type: VirtioType
  /** The device's own feature bits; those of rings and transport (24, 28 and up) are added for it. */
  readonly features: bigint
  /** Largest size of each queue, in entries. */
  readonly queueSizes: readonly number[]
  /** Bytes of the device-specific configuration. */
  readonly configLength: number

  /** Fills `data` from the configuration at `offset`; the range is within `configLength`. */
  readConfig(offset: number, data: Uint8Array): void
  /** Only fields the specification lets the driver write have an effect. */
  writeConfig(offset: number, data: Uint8Array): void
  /** The driver is ready (DRIVER_OK). */
  activate(host: DeviceHost): void
  /** The driver may have put chains into this queue. Also called once for each queue after `activate`. */
  kick(queue: number): void
  /**
   * Brings to an end what goes on aside; its queues give out nothing until they are kicked again. What it has written to the
   * host is on stable storage then. Left out: nothing ever does. @throws PosadaError where the host has no room
   */
  quiesce?(): Promise<void>
  /** What it remembers of its driver, besides its queues. Left out, as `load`: nothing. */
  save?(to: StateWriter): void
  /** Comes after `activate`, where the device was active. `host`: as there; null where it was not. */
  load?(from: StateReader, host: DeviceHost | null): void
  /** Forgets the driver. Resolves when nothing in flight can touch guest memory any more. */
  reset(): Promise<void>
  /** Closes what the device holds of the host's, for good; comes after `reset`. */
  close(): Promise<void>
}

/** What an active device has to work with. */
export interface DeviceHost {
  readonly memory: GuestMemory
  /** All features the driver took. */
  readonly features: bigint
  /** The queue, or null when the driver did not enable it. */
  queue(index: number): SplitQueue | null
  /** Interrupts the driver about this queue if it wants that: call after pushing a batch. */
  notify(index: number): void
  /** Interrupts the driver about this queue, which another process serves: that has looked whether it wants that. */
  interrupt(index: number): void
  /** The configuration changed: a new generation, and an interrupt. */
  configChanged(): void
  /** The driver broke a rule: DEVICE_NEEDS_RESET, and all queues stop. */
  fault(reason: string): void
}

/** Whether the negotiated set has feature bit `bit`. */
export function hasFeature(features: bigint, bit: number): boolean {
  return ((features >> BigInt(bit)) & 1n) === 1n
}

/** The set of these feature bits. */
export function featureSet(...bits: number[]): bigint {
  return bits.reduce((set, bit) => set | (1n << BigInt(bit)), 0n)
}
