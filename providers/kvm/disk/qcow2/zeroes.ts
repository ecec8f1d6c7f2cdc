const stride = 4096
const zeroes = Buffer.alloc(stride)

/**
 * The first offset of at least `from`, a multiple of 4, whose 4 bytes are not all zero; the end where there is none.
 * `bytes` has a multiple of 4. Tables of an image are zero for the most part.
 */
export function nextNonZero(bytes: Buffer, from: number, end = bytes.length): number {
  let at = from
  while (at < end) {
    const stop = Math.min(at + stride, end)
    if (bytes.compare(zeroes, 0, stop - at, at, stop) === 0) {
      at = stop
      continue
    }
    while (bytes.readUInt32LE(at) === 0) at += 4
    return at
  }
  return end
}
