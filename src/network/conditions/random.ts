import { createHash } from 'node:crypto'

/**
 * Numbers from 0 to below 1 that follow from a seed and nothing else: the same frames in the same order
 * meet the same fate in every run. The generator is sfc32 (Chris Doty-Humphrey, PractRand).
 */
export function seededRandom(seed: string): () => number {
  const hash = createHash('sha256').update(seed).digest()
  let [a, b, c, count] = [hash.readInt32LE(0), hash.readInt32LE(4), hash.readInt32LE(8), 1]
  const next = () => {
    const sum = (((a + b) | 0) + count) | 0
    count = (count + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 12; round++) next()
  return next
}
