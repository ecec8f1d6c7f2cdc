/**
 * Unpacks the legacy frame format of LZ4, which Linux uses for its own image: a magic number, then blocks of
 * at most 8 MiB, each with its packed size before it (lz4, doc/lz4_Frame_format.md, "Legacy frame";
 * doc/lz4_Block_format.md).
 */
const lz4LegacyMagic = 0x184c2102

const minimumMatch = 4

/** Null when the data is damaged, or longer than `limit` bytes. */
export function unpackLz4Legacy(packed: Uint8Array, limit: number): Uint8Array | null {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  if (packed.length < 8 || view.getUint32(0, true) !== lz4LegacyMagic) return null
  const output = new Uint8Array(limit)
  let at = 4
  let length = 0
  while (at + 4 <= packed.length) {
    const size = view.getUint32(at, true)
    at += 4
    if (size === 0) break
    if (at + size > packed.length) return null
    const end = unpackBlock(packed.subarray(at, at + size), output, length)
    if (end === null) return null
    length = end
    at += size
  }
  return output.subarray(0, length)
}

/** Unpacks one block to `output` from `start` on. Returns where it ends, or null. */
function unpackBlock(block: Uint8Array, output: Uint8Array, start: number): number | null {
  let at = 0
  let to = start
  /** A length of 15 in the token goes on in the bytes that follow, up to one that is not 255. */
  const extended = (nibble: number): number => {
    if (nibble < 15) return nibble
    let length = 15
    for (;;) {
      const byte = block[at++] ?? 0
      length += byte
      if (byte !== 255) return length
    }
  }
  while (at < block.length) {
    const token = block[at++] ?? 0
    const literals = extended(token >> 4)
    if (at + literals > block.length || to + literals > output.length) return null
    output.set(block.subarray(at, at + literals), to)
    at += literals
    to += literals
    // The last sequence has literals only.
    if (at === block.length) return to
    const offset = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8)
    at += 2
    const match = extended(token & 15) + minimumMatch
    const from = to - offset
    if (offset === 0 || from < start || to + match > output.length) return null
    if (offset >= match) output.copyWithin(to, from, from + match)
    else for (let i = 0; i < match; i++) output[to + i] = output[from + i] ?? 0
    to += match
  }
  return to
}
