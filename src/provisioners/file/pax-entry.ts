const block = 512

/**
 * A pax header for the entry that follows it in an archive, whose values may be any bytes but NUL. GNU tar, busybox and
 * bsdtar take them as they are. Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".
 */
export function paxEntry(values: Record<string, string | Buffer | undefined>): Buffer {
  const records = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [record(key, Buffer.from(value as string))],
  )
  const content = Buffer.concat(records)
  const padding = Buffer.alloc((block - (content.length % block)) % block)
  return Buffer.concat([header(content.length), content, padding])
}

/** `<length> <key>=<value>\n`; the length counts its own digits. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')])
  let length = rest.length
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function header(size: number): Buffer {
  const bytes = Buffer.alloc(block)
  const fields: [at: number, text: string][] = [
    [0, 'PaxHeader'],
    [100, '000600 \0'],
    [108, '000000 \0'],
    [116, '000000 \0'],
    [124, `${size.toString(8).padStart(11, '0')} `],
    [136, '00000000000 '],
    [148, ' '.repeat(8)],
    [156, 'x'],
    [257, 'ustar\x0000'],
  ]
  for (const [at, text] of fields) bytes.write(text, at, 'latin1')
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}
