/**
 * Writes ACPI Machine Language: the few terms that this machine's tables are made of. Each function
 * returns the bytes of one term. Encodings: ACPI 6.4, §20.2.
 */
export type Aml = readonly number[]

const opcode = {
  zero: 0x00,
  one: 0x01,
  name: 0x08,
  byte: 0x0a,
  word: 0x0b,
  dword: 0x0c,
  string: 0x0d,
  scope: 0x10,
  buffer: 0x11,
  package: 0x12,
  method: 0x14,
  dualName: 0x2e,
  multiName: 0x2f,
  root: 0x5c,
  notify: 0x86,
  extended: 0x5b,
  device: 0x82,
} as const

/** Integers as short as they go (§20.2.3). */
export function integer(value: number): Aml {
  if (value === 0) return [opcode.zero]
  if (value === 1) return [opcode.one]
  if (value <= 0xff) return [opcode.byte, value]
  if (value <= 0xffff) return [opcode.word, ...littleEndian(value, 2)]
  return [opcode.dword, ...littleEndian(value, 4)]
}

export function text(value: string): Aml {
  return [opcode.string, ...Buffer.from(value, 'latin1'), 0]
}

/** A hardware id such as `PNP0501` as a number: three letters of 5 bits, four digits (§19.3.4). */
export function eisaId(id: string): Aml {
  const letters = [0, 1, 2].map((i) => (id.charCodeAt(i) - 0x40) & 0x1f)
  const [a = 0, b = 0, c = 0] = letters
  const digits = Number.parseInt(id.slice(3), 16)
  return [opcode.dword, (a << 2) | (b >> 3), ((b & 7) << 5) | c, digits >> 8, digits & 0xff]
}

/** `Name (path, value)` */
export function name(path: string, value: Aml): Aml {
  return [opcode.name, ...nameString(path), ...value]
}

export function scope(path: string, ...terms: Aml[]): Aml {
  return [opcode.scope, ...withLength([...nameString(path), ...terms.flat()])]
}

export function device(path: string, ...terms: Aml[]): Aml {
  return [opcode.extended, opcode.device, ...withLength([...nameString(path), ...terms.flat()])]
}

export function packageOf(...elements: Aml[]): Aml {
  return [opcode.package, ...withLength([elements.length, ...elements.flat()])]
}

export function buffer(bytes: Aml): Aml {
  return [opcode.buffer, ...withLength([...integer(bytes.length), ...bytes])]
}

/** A serialized method (§20.2.5.2). */
export function method(path: string, argumentCount: number, ...terms: Aml[]): Aml {
  const flags = (argumentCount & 7) | 8
  return [opcode.method, ...withLength([...nameString(path), flags, ...terms.flat()])]
}

/** `Notify (object, value)` */
export function notify(path: string, value: number): Aml {
  return [opcode.notify, ...nameString(path), ...integer(value)]
}

/** A path of segments of up to 4 characters, padded with `_` (§20.2.2). */
function nameString(path: string): Aml {
  const absolute = path.startsWith('\\')
  const segments = path
    .replace('\\', '')
    .split('.')
    .filter((segment) => segment !== '')
  const encoded = segments.flatMap((segment) => [...Buffer.from(segment.padEnd(4, '_'), 'latin1')])
  const prefix =
    segments.length === 2 ? [opcode.dualName] : segments.length > 2 ? [opcode.multiName, segments.length] : []
  return [...(absolute ? [opcode.root] : []), ...prefix, ...encoded]
}

/** PkgLength, which counts itself, before what it measures (§20.2.4). */
function withLength(content: Aml): Aml {
  const oneByte = content.length + 1
  if (oneByte < 0x40) return [oneByte, ...content]
  for (const extra of [1, 2, 3]) {
    const length = content.length + 1 + extra
    if (length < 2 ** (4 + 8 * extra)) {
      return [(extra << 6) | (length & 0xf), ...littleEndian(length >>> 4, extra), ...content]
    }
  }
  throw new Error(`${content.length} bytes are too many for one AML term`)
}

export function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) % 256)
}
