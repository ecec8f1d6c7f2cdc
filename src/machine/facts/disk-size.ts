/** A size that a disk can have: in whole sectors of 512 bytes. */
export function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / 512) * 512
}
