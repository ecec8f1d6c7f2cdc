/** Buffers of a guest, in order, read or written as one run of bytes. */
export type Pieces = readonly Uint8Array[]

/** A copy of `length` bytes from `offset`; null when there are fewer. */
export function copyOut(pieces: Pieces, offset: number, length: number): Uint8Array | null {
  const found = cut(pieces, offset, length)
  if (found === null) return null
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of found) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

/** Copies as much of `bytes` as fits from `offset` on; returns how much that was. */
export function copyIn(pieces: Pieces, offset: number, bytes: Uint8Array): number {
  let skip = offset
  let done = 0
  for (const piece of pieces) {
    if (done === bytes.length) break
    if (skip >= piece.length) {
      skip -= piece.length
      continue
    }
    const part = bytes.subarray(done, done + piece.length - skip)
    piece.set(part, skip)
    done += part.length
    skip = 0
  }
  return done
}

/** The views that make up `length` bytes from `offset`, none of them empty; null when there are fewer. */
export function cut(pieces: Pieces, offset: number, length: number): Uint8Array[] | null {
  const found: Uint8Array[] = []
  let skip = offset
  let left = length
  for (const piece of pieces) {
    if (left === 0) break
    if (skip >= piece.length) {
      skip -= piece.length
      continue
    }
    const part = piece.subarray(skip, skip + left)
    found.push(part)
    left -= part.length
    skip = 0
  }
  return left === 0 ? found : null
}

export function lengthOf(pieces: Pieces): number {
  let length = 0
  for (const piece of pieces) length += piece.length
  return length
}
