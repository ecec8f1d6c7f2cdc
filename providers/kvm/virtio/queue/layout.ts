import type { GuestMemory } from '../../memory/guest-memory.ts'

/** Bytes of a descriptor: address 64, length 32, flags 16, next 16 (virtio 1.2, §2.7.5). */
export const descriptorBytes = 16

/** Descriptor flags (virtio 1.2, §2.7.5). */
export const descriptorFlags = { next: 1, write: 2, indirect: 4 } as const

/** `avail.flags`: the driver wants no interrupts (§2.7.6). */
export const availNoInterrupt = 1
/** `used.flags`: the device wants no kicks (§2.7.8). */
export const usedNoNotify = 1

/** The largest split queue there can be (§2.7). */
const largestQueue = 32768

/** Where a driver put a queue: sizes in entries, addresses guest physical (§2.7). */
export interface QueueSetup {
  readonly size: number
  /** Descriptor table, `16 × size` bytes. */
  readonly descriptors: number
  /** Available ring: flags, idx, `size` heads, used_event; `6 + 2 × size` bytes. */
  readonly available: number
  /** Used ring: flags, idx, `size` elements, avail_event; `6 + 8 × size` bytes. */
  readonly used: number
}

/** Says what is wrong with a queue, or null: size, alignment and place of its three parts (§2.7). */
export function setupProblem(memory: GuestMemory, setup: QueueSetup, maximum: number): string | null {
  const { size, descriptors, available, used } = setup
  if (!isQueueSize(size, maximum)) return `queue size ${size} is not a power of two up to ${maximum}`
  if (descriptors % 16 !== 0) return 'the descriptor table is not aligned to 16 bytes'
  if (available % 2 !== 0) return 'the available ring is not aligned to 2 bytes'
  if (used % 4 !== 0) return 'the used ring is not aligned to 4 bytes'
  if (!memory.contains(descriptors, descriptorBytes * size)) return 'the descriptor table is outside RAM'
  if (!memory.contains(available, 6 + 2 * size)) return 'the available ring is outside RAM'
  if (!memory.contains(used, 6 + 8 * size)) return 'the used ring is outside RAM'
  return null
}

export function isQueueSize(size: number, maximum: number): boolean {
  return (
    Number.isInteger(size) && size > 0 && size <= Math.min(maximum, largestQueue) && (size & (size - 1)) === 0
  )
}
