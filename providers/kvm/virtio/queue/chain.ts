import type { GuestMemory } from '../../memory/guest-memory.ts'
import { descriptorBytes, descriptorFlags } from './layout.ts'

/**
 * One request of the driver: the buffers of a descriptor chain as views of guest memory, the readable
 * before the writable ones. The guest may change their bytes at any moment: copy out what is decided upon.
 */
export interface Chain {
  /** Index of the first descriptor: names the chain in the used ring. */
  readonly head: number
  readonly readable: readonly Uint8Array[]
  readonly writable: readonly Uint8Array[]
  /** Where the writable buffers lie, by guest physical address: for devices that are told of pages. */
  readonly writableAt: readonly { readonly gpa: number; readonly length: number }[]
  /** Bytes in `readable`; below 2^32, as the sum of both is. */
  readonly readableLength: number
  readonly writableLength: number
}

export interface ChainSource {
  readonly memory: GuestMemory
  /** Guest physical address of the descriptor table. */
  readonly descriptors: number
  /** Entries of the queue. */
  readonly size: number
  /** Whether VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean
}

/**
 * Walks the chain that starts at descriptor `head` (virtio 1.2, §2.7.4 and §2.7.5). Returns what is wrong
 * with it as a string when the driver broke a rule. Every descriptor is read once; the walk ends after as
 * many descriptors as the queue has entries, whatever the guest writes meanwhile (§2.7.5.3.1).
 */
export function readChain(source: ChainSource, head: number): Chain | string {
  const { memory } = source
  const readable: Uint8Array[] = []
  const writable: Uint8Array[] = []
  const writableAt: { gpa: number; length: number }[] = []
  let readableLength = 0
  let writableLength = 0
  let table = source.descriptors
  let entries = source.size
  let inIndirect = false
  let index = head

  for (let hops = 0; hops < source.size; ) {
    if (index >= entries) return `descriptor ${index} is outside a table of ${entries}`
    const at = table + descriptorBytes * index
    const low = memory.readU32(at)
    const high = memory.readU32(at + 4)
    const length = memory.readU32(at + 8)
    const flags = memory.readU16(at + 12)
    const next = memory.readU16(at + 14)
    if (low === null || high === null || length === null || flags === null || next === null) {
      return `descriptor ${index} is outside RAM`
    }
    // Above 2^53 a double is no longer exact, but no RAM lies there, so the bounds check refuses it.
    const address = high * 2 ** 32 + low

    if (flags & descriptorFlags.indirect) {
      if (!source.indirect) return 'an indirect descriptor was not negotiated'
      if (inIndirect) return 'an indirect descriptor lies in an indirect table'
      if (flags & descriptorFlags.next) return 'an indirect descriptor has a next one'
      if (length === 0 || length % descriptorBytes !== 0) return `an indirect table of ${length} bytes`
      if (length / descriptorBytes > source.size) return 'an indirect table larger than the queue'
      if (!memory.contains(address, length)) return 'an indirect table is outside RAM'
      table = address
      entries = length / descriptorBytes
      inIndirect = true
      index = 0
      continue
    }

    hops += 1
    const pieces = length === 0 ? [] : memory.pieces(address, length)
    if (pieces === null) return `a buffer of ${length} bytes at 0x${address.toString(16)} is outside RAM`
    if (flags & descriptorFlags.write) {
      writable.push(...pieces)
      writableAt.push({ gpa: address, length })
      writableLength += length
    } else {
      if (writableLength > 0) return 'a readable buffer comes after a writable one'
      readable.push(...pieces)
      readableLength += length
    }
    if (readableLength + writableLength >= 2 ** 32) return 'a chain of 4 GiB or more'
    if (!(flags & descriptorFlags.next))
      return { head, readable, writable, writableAt, readableLength, writableLength }
    index = next
  }
  return `a chain of more than ${source.size} descriptors`
}
