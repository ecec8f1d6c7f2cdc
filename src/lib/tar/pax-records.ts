/**
 * The records of an extended header, `<length> <key>=<value>\n` each; of a key that is there twice the
 * last one, each character a byte. null where they are malformed. Source: POSIX.1-2017, pax, "pax Extended Header".
 */
export function paxRecords(content: Buffer): Map<string, string> | null {
  const records = new Map<string, string>()
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const digits = space < 0 ? '' : content.toString('latin1', at, Math.min(space, at + 12))
    const length = /^[1-9]\d{0,9}$/.test(digits) ? Number(digits) : 0
    const end = at + length
    const isWhole = length > digits.length + 2 && end <= content.length && content[end - 1] === 0x0a
    const equals = isWhole ? content.indexOf(0x3d, space) : -1
    if (equals < 0 || equals >= end) return null
    records.set(
      content.toString('latin1', space + 1, equals),
      content.toString('latin1', equals + 1, end - 1),
    )
    at = end
  }
  return records
}
