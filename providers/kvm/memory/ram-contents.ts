interface Part {
  /** In all of RAM. */
  offset: number
  buffer: ArrayBuffer | SharedArrayBuffer
}

const pageSize = 4096
/** Bytes that are looked at, and given out, at a time. */
const atOnce = 256 * 1024
const zeros = Buffer.alloc(atOnce)

/** What is not zero, page by page, in runs of at most 256 KiB, of those ranges. All of it is in ascending order. */
export function* contentsOf(
  parts: readonly Part[],
  ranges: Iterable<{ offset: number; length: number }>,
): Generator<{ offset: number; bytes: Uint8Array }> {
  for (const { offset, length } of ranges) {
    for (const part of parts) {
      const from = Math.max(offset, part.offset)
      const to = Math.min(offset + length, part.offset + part.buffer.byteLength)
      for (let at = from; at < to; at += atOnce) {
        const bytes = Buffer.from(part.buffer, at - part.offset, Math.min(atOnce, to - at))
        for (const [start, end] of runs(bytes))
          yield { offset: at + start, bytes: bytes.subarray(start, end) }
      }
    }
  }
}

/** Where pages follow each other that are not all zero. */
function* runs(bytes: Buffer): Generator<[number, number]> {
  if (isZero(bytes)) return
  let begun = -1
  for (let at = 0; at < bytes.length; at += pageSize) {
    const isEmpty = isZero(bytes.subarray(at, at + pageSize))
    if (!isEmpty && begun < 0) begun = at
    if (isEmpty && begun >= 0) {
      yield [begun, at]
      begun = -1
    }
  }
  if (begun >= 0) yield [begun, bytes.length]
}

const isZero = (bytes: Buffer) => bytes.equals(zeros.subarray(0, bytes.length))
