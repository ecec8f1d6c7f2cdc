import { bytesOf } from './paths.ts'

const block = 512

/** A member of a tar archive that is written. Its name's characters are bytes, as its target's are. */
export interface TarItem {
  name: string
  kind: 'file' | 'folder' | 'link'
  mode: number
  size: number
  /** Of a link. */
  target?: string
}

/** What stands before a member's content. Source: GNU tar manual, "Basic Tar Format"; long names are GNU's `L` and `K`. */
export function tarHead(item: TarItem): Buffer {
  const name = item.kind === 'folder' ? `${item.name}/` : item.name
  const target = item.target ?? ''
  const type = { file: '0', folder: '5', link: '2' }[item.kind]
  const long = [
    ...(name.length > 100 ? [longName('L', name)] : []),
    ...(target.length > 100 ? [longName('K', target)] : []),
  ]
  return Buffer.concat([...long, header({ name, target, type, mode: item.mode, size: item.size })])
}

/** What fills a content of this size up to whole blocks. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block)
}

/** What ends an archive. */
export const tarEnd = Buffer.alloc(2 * block)

/** Bytes of a member, all in all. */
export function tarLength(item: TarItem): number {
  return tarHead(item).length + Math.ceil(item.size / block) * block
}

function longName(type: string, name: string): Buffer {
  const bytes = bytesOf(`${name}\0`)
  return Buffer.concat([
    header({ name: '././@LongLink', target: '', type, mode: 0, size: bytes.length }),
    bytes,
    tarPadding(bytes.length),
  ])
}

function header({
  name,
  target,
  type,
  mode,
  size,
}: {
  name: string
  target: string
  type: string
  mode: number
  size: number
}): Buffer {
  const bytes = Buffer.alloc(block)
  bytesOf(name).copy(bytes, 0, 0, 100)
  bytes.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100, 'latin1')
  if (size < 8 ** 11) bytes.write(`${octal(size, 11)}\0`, 124, 'latin1')
  else {
    // More than eleven octal digits: GNU's binary form.
    bytes[124] = 0x80
    bytes.writeBigUInt64BE(BigInt(size), 128)
  }
  bytes.write(`${octal(0, 11)}\0`, 136, 'latin1')
  bytes.write(' '.repeat(8), 148, 'latin1')
  bytes.write(type, 156, 'latin1')
  bytesOf(target).copy(bytes, 157, 0, 100)
  bytes.write('ustar  \0', 257, 'latin1')
  let sum = 0
  for (const byte of bytes) sum += byte
  bytes.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return bytes
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
