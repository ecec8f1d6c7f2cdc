import type { Hash } from 'node:crypto'

const zeros = new Uint8Array(1024 * 1024)

/** Takes a hole of a file into its hash. */
export function hashZeros(hash: Hash, length: number): void {
  for (let left = length; left > 0; left -= zeros.length) hash.update(zeros.subarray(0, left))
}

/** Whether there is nothing but zeros in it. */
export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const piece = bytes.subarray(at, at + zeros.length)
    if (Buffer.compare(piece, zeros.subarray(0, piece.length)) !== 0) return false
  }
  return true
}
