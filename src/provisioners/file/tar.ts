import { createReadStream } from 'node:fs'
import type { FileStep } from '../../manifest/index.ts'
import { sourceError } from '../errors.ts'
import type { Entry } from './source.ts'

const BLOCK = 512
/** The last entry: an archive without it was cut off. */
export const END_ENTRY = '.posada-end'

/**
 * A folder as a tar archive, owned by root, with `.posada-end` as its last entry. Long names are
 * written as GNU tar does, which busybox reads too (it does not read pax headers). Source: GNU tar
 * manual, Basic Tar Format.
 */
export async function* writeTar(step: FileStep, entries: readonly Entry[]): AsyncGenerator<Buffer> {
  for (const one of entries) {
    yield* headers(one)
    if (one.kind === 'file') yield* fileContent(step, one)
  }
  yield* headers({ name: END_ENTRY, path: '', kind: 'file', mode: 0o600, size: 0, mtime: 0 })
  yield Buffer.alloc(2 * BLOCK)
}

function* headers(one: Entry): Generator<Buffer> {
  const name = one.kind === 'folder' ? `${one.name}/` : one.name
  const link = one.link ?? ''
  if (Buffer.byteLength(name) > 100) yield* longText('L', name)
  if (Buffer.byteLength(link) > 100) yield* longText('K', link)
  const type = { file: '0', link: '2', folder: '5' }[one.kind]
  yield header({ name, link, type, mode: one.mode, size: one.size, mtime: Math.floor(one.mtime / 1000) })
}

function* longText(type: 'L' | 'K', text: string): Generator<Buffer> {
  const bytes = Buffer.from(`${text}\0`)
  yield header({ name: '././@LongLink', link: '', type, mode: 0, size: bytes.length, mtime: 0 })
  yield Buffer.concat([bytes, padding(bytes.length)])
}

function header(fields: {
  name: string
  link: string
  type: string
  mode: number
  size: number
  mtime: number
}): Buffer {
  const block = Buffer.alloc(BLOCK)
  Buffer.from(fields.name).copy(block, 0, 0, 100)
  putNumber(block, 100, 8, fields.mode)
  putNumber(block, 108, 8, 0)
  putNumber(block, 116, 8, 0)
  putNumber(block, 124, 12, fields.size)
  putNumber(block, 136, 12, Math.max(fields.mtime, 0))
  block.write(fields.type, 156, 'latin1')
  Buffer.from(fields.link).copy(block, 157, 0, 100)
  block.write('ustar  \0', 257, 'latin1')
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** Octal; what does not fit is binary with the top bit set. */
function putNumber(block: Buffer, at: number, length: number, value: number): void {
  const octal = value.toString(8)
  if (octal.length < length) {
    block.write(octal.padStart(length - 1, '0'), at, 'latin1')
    return
  }
  block.writeBigUInt64BE(BigInt(value), at + length - 8)
  block.writeUInt8(0x80, at)
}

async function* fileContent(step: FileStep, one: Entry): AsyncGenerator<Buffer> {
  let size = 0
  if (one.size > 0) {
    for await (const chunk of createReadStream(one.path, { end: one.size - 1, highWaterMark: 256 * 1024 })) {
      size += (chunk as Buffer).length
      yield chunk as Buffer
    }
  }
  if (size !== one.size) throw sourceError(step, one.path, 'changed while it was read')
  yield padding(size)
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}
