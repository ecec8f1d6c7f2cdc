/** A run of guest RAM without holes. */
export interface MemoryRegion {
  /** Guest physical address of its first byte. */
  readonly base: number
  /** Bytes. */
  readonly size: number
}

/**
 * Guest RAM as devices see it.
 *
 * Guest physical addresses and lengths are whole numbers below 2^52, so a double holds them. Every call
 * checks its bounds: an address outside RAM, an address or length that is not a whole number, or a range
 * that leaves its region is answered with null or false, never with an exception. All values are
 * little-endian, as virtio 1.2 (§1.4) and x86 have it. The guest may change any byte at any moment: read a
 * value once, into a local, and use the local.
 *
 * Typed views are over the host's mapping itself, not copies. They are valid for the life of the machine,
 * in the thread that asked for them.
 */
export interface GuestMemory {
  /** Bytes of RAM, all regions together. */
  readonly size: number
  /** Ascending and apart; a range that spans two regions is outside RAM. */
  readonly regions: readonly MemoryRegion[]

  /** Whether the whole range is RAM. A range of length 0 is when its address is inside or at the end of a region. */
  contains(gpa: number, length: number): boolean
  /**
   * The range as one view; null when outside RAM or when it crosses the edge between two windows of the
   * host's mapping, so use `pieces` for whatever a guest sizes.
   */
  slice(gpa: number, length: number): Uint8Array | null
  /** The range as views in order, cut at window edges; none of them empty; null when outside RAM. */
  pieces(gpa: number, length: number): Uint8Array[] | null

  readU8(gpa: number): number | null
  /** Any alignment, as for all plain reads and writes. A 64-bit value is read as two of these (BigInt is ten times slower). */
  readU16(gpa: number): number | null
  readU32(gpa: number): number | null
  writeU8(gpa: number, value: number): boolean
  writeU16(gpa: number, value: number): boolean
  writeU32(gpa: number, value: number): boolean

  /** Sequentially consistent load; null also when `gpa` is odd. For `avail.idx`, `used_event`. */
  loadU16(gpa: number): number | null
  /** Sequentially consistent store; false also when `gpa` is odd. For `used.idx`, `avail_event`. */
  storeU16(gpa: number, value: number): boolean

  /**
   * Gives the pages wholly inside the range back to the host. They read as zero afterwards. False when outside RAM.
   */
  release(gpa: number, length: number): boolean
}
