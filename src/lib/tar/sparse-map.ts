import { tarNumber } from './tar-header.ts'

/** A run of content; what lies between two is a hole. Bytes from the start of the file. */
export interface Extent {
  offset: number
  length: number
}

/** Extents that a map may have: some 2 MB of it. */
export const extentLimit = 100_000

/** The extents of an old GNU header, and whether a block with more follows. Source: GNU tar manual, "Old GNU Format". */
export function gnuExtents(block: Buffer): { extents: Extent[]; more: boolean; size: number | null } {
  return { extents: entries(block, 386, 4), more: block[482] !== 0, size: tarNumber(block, 483, 12) }
}

/** The extents of a block that goes on an old GNU header. */
export function moreGnuExtents(block: Buffer): { extents: Extent[]; more: boolean } {
  return { extents: entries(block, 0, 21), more: block[504] !== 0 }
}

/** Numbers of a pax map, offset and length in turn; null where they are none. Source: GNU tar manual, "PAX Format". */
export function paxExtents(numbers: readonly string[]): Extent[] | null {
  if (numbers.length % 2 !== 0 || !numbers.every((one) => /^\d{1,15}$/.test(one))) return null
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({
    offset: Number(numbers[2 * index]),
    length: Number(numbers[2 * index + 1]),
  }))
}

/** Whether the extents lie in order inside a file of `size` bytes, and have `stored` bytes together. */
export function isSoundMap(
  extents: readonly Extent[],
  { size, stored }: { size: number; stored: number },
): boolean {
  let end = 0
  let sum = 0
  for (const { offset, length } of extents) {
    if (offset < end) return false
    end = offset + length
    sum += length
  }
  return end <= size && sum === stored
}

/** An entry that cannot be read is one that no map can have: it is found by `isSoundMap`. */
function entries(block: Buffer, start: number, most: number): Extent[] {
  const found: Extent[] = []
  for (let index = 0; index < most; index++) {
    const at = start + 24 * index
    if (block[at] === 0 && block[at + 12] === 0) break
    found.push({ offset: tarNumber(block, at, 12) ?? -1, length: tarNumber(block, at + 12, 12) ?? -1 })
  }
  return found
}
