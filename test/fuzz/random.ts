export type Random = (limit: number) => number

/** Numbers from 0 to one less than a limit, the same for the same seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

/** One to four changes of an input, or what is left of it and of another, or something new; at most `longest` bytes. */
export function mutated(random: Random, corpus: readonly Uint8Array[], longest: number): Uint8Array {
  if (random(8) === 0) return noise(random, random(longest))
  let bytes = Buffer.from(corpus[random(corpus.length)] ?? [])
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(bytes.length + 1)
    const run = 1 + random(Math.min(32, bytes.length - at + 1))
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + run)]
    const other = corpus[random(corpus.length)] ?? new Uint8Array()
    const from = random(other.length + 1)
    switch (random(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
        break
      case 1:
        if (at < bytes.length) bytes[at] = random(256)
        break
      case 2:
        bytes = Buffer.concat([before, after])
        break
      case 3:
        bytes = Buffer.concat([before, noise(random, 1 + random(16)), bytes.subarray(at)])
        break
      case 4:
        bytes = Buffer.concat([before, bytes.subarray(at, at + run), bytes.subarray(at)])
        break
      case 5:
        bytes = Buffer.concat([before, other.subarray(from)])
        break
      case 6:
        bytes = Buffer.concat([before, noise(random, run), after])
        break
    }
  }
  return bytes.subarray(0, longest)
}

function noise(random: Random, length: number): Buffer {
  const small = random(2) === 0
  return Buffer.from(Array.from({ length }, () => random(small ? 20 : 256)))
}
