/** Domain names on the wire: labels with their lengths, a zero behind them (RFC 1035, 3.1 and 4.1.4). */
const longestName = 255

export function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]),
    Buffer.of(0),
  ])
}

/**
 * The name at `at` in lower case, without a dot at its end, and where it ends; null where it is cut short
 * or too long. A question has no name before it to point at, so pointers are refused.
 */
export function readName(bytes: Buffer, at: number): { name: string; end: number } | null {
  const labels: string[] = []
  for (let here = at; ; ) {
    const length = bytes[here]
    if (length === undefined || length > 63 || here - at > longestName) return null
    if (length === 0) return { name: labels.join('.'), end: here + 1 }
    if (here + 1 + length > bytes.length) return null
    labels.push(bytes.toString('latin1', here + 1, here + 1 + length).toLowerCase())
    here += 1 + length
  }
}
