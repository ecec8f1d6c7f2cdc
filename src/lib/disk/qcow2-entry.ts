/** Entries of a qcow2 image's tables, given as two halves of 32 bits. Source: QEMU, docs/interop/qcow2.rst, "Cluster mapping". */

/** Flag of an L2 entry, in its high half: the cluster is compressed. */
export const compressedFlag = 0x4000_0000

/** Where in the file an entry of an L1 or L2 table leads, 0 for nowhere: bits 9 to 55. */
export function entryOffset(high: number, low: number): number {
  return (high & 0x00ff_ffff) * 2 ** 32 + (low - (low % 512))
}

/**
 * Where a compressed cluster lies, in bytes: the offset in the low `62 − (cluster bits − 8)` bits, then the number of
 * further 512-byte sectors.
 */
export function compressedPlace(
  high: number,
  low: number,
  clusterBits: number,
): { offset: number; length: number } {
  const offsetHighBits = 62 - (clusterBits - 8) - 32
  const descriptor = high & 0x3fff_ffff
  const offset = (descriptor % 2 ** offsetHighBits) * 2 ** 32 + low
  const sectors = Math.floor(descriptor / 2 ** offsetHighBits) + 1
  return { offset, length: sectors * 512 - (offset % 512) }
}
