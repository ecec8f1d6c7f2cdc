import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ImageFile } from '../../../../../providers/kvm/boot/kernel-file.ts'
import { unpackLz4Legacy } from '../../../../../providers/kvm/boot/lz4.ts'
import { unpackKernel } from '../../../../../providers/kvm/boot/unpack-kernel.ts'

const word = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24]
const magic = word(0x184c2102)
const block = (...bytes: number[]) => [...word(bytes.length), ...bytes]
const text = (value: string) => [...Buffer.from(value)]
const unpacked = (bytes: number[], limit = 1000) => {
  const result = unpackLz4Legacy(Uint8Array.from(bytes), limit)
  return result && Buffer.from(result).toString('latin1')
}

describe('LZ4, legacy frames', () => {
  it('unpacks literals, matches that overlap themselves, and several blocks', () => {
    // "abc", then 9 bytes from 3 back, then "!"; a block of its own: "xyz".
    const first = block(0x35, ...text('abc'), 3, 0, 0x10, ...text('!'))
    expect(unpacked([...magic, ...first, ...block(0x30, ...text('xyz'))])).toBe('abcabcabcabc!xyz')
  })

  it('unpacks lengths that go on in further bytes', () => {
    // 15 + 255 + 2 literals; a match of 15 + 4 + 255 + 0 from 1 back; no literals at the end.
    const literals = Array.from({ length: 272 }, (_, i) => i & 0xff)
    const bytes = [0xff, 255, 2, ...literals, 1, 0, 255, 0, 0x00]
    expect(unpacked([...magic, ...block(...bytes)])).toBe(
      Buffer.from([...literals, ...Array(274).fill(literals.at(-1))]).toString('latin1'),
    )
  })

  it.each([
    ['another format', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['a block longer than the data', [...magic, ...word(100), 0x10, 65]],
    ['literals longer than the block', [...magic, ...block(0xf0, 200, 65)]],
    ['an offset of zero', [...magic, ...block(0x14, 65, 0, 0, 0x10, 65)]],
    ['an offset before the start', [...magic, ...block(0x14, 65, 9, 0, 0x10, 65)]],
    ['more than is allowed', [...magic, ...block(0x1f, 65, 1, 0, 255, 255, 255, 255, 255, 0, 0x10, 65)]],
  ])('refuses %s', (_what, bytes) => {
    expect(unpacked(bytes)).toBeNull()
  })

  it('never throws or exceeds its limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const result = unpackLz4Legacy(Uint8Array.from([...magic, ...block(...noise)]), 500)
        expect(result === null || result.length <= 500).toBe(true)
      }),
    )
  })
})

describe('kernel inside a bzImage', () => {
  const kernel = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), randomBytes(5000)])

  /** A bzImage whose payload is `packed`, with `size` appended. */
  function image(
    packed: Uint8Array,
    size: number,
    change: (bytes: Buffer) => void = () => undefined,
  ): ImageFile {
    const payload = Buffer.concat([packed, Buffer.from(word(size))])
    const bytes = Buffer.alloc(1024 + Math.ceil((payload.length + 600) / 16) * 16)
    bytes[0x1f1] = 1
    bytes.writeUInt32LE((bytes.length - 1024) / 16, 0x1f4)
    bytes.writeUInt16LE(0xaa55, 0x1fe)
    bytes[0x201] = 0x6a
    bytes.write('HdrS', 0x202)
    bytes.writeUInt16LE(0x20f, 0x206)
    bytes[0x234] = 1
    bytes.writeUInt16LE(1, 0x236)
    bytes.writeUInt32LE(512, 0x248)
    bytes.writeUInt32LE(payload.length, 0x24c)
    bytes.set(payload, 1024 + 512)
    change(bytes)
    const read = (offset: number, length: number) => new Uint8Array(bytes.subarray(offset, offset + length))
    return { path: 'vmlinuz', size: bytes.length, read, load: () => undefined, close: () => undefined }
  }

  it('is unpacked from gzip and from LZ4', () => {
    expect(Buffer.from(unpackKernel(image(gzip(kernel), kernel.length)) ?? [])).toEqual(kernel)
    const lz4 = Uint8Array.from([...magic, ...block(0xf0, ...lengthBytes(kernel.length), ...kernel)])
    expect(Buffer.from(unpackKernel(image(lz4, kernel.length)) ?? [])).toEqual(kernel)
  })

  it.each<[string, ImageFile]>([
    ['of another size than stated', image(gzip(kernel), kernel.length + 1)],
    ['larger than stated', image(gzip(kernel), 100)],
    ['that is not an ELF file', image(gzip(Buffer.alloc(100)), 100)],
    ['packed by something unknown', image(randomBytes(100), 100)],
    ['damaged', image(gzip(kernel).fill(0, 100, 200), kernel.length)],
    ['of a size beyond all bounds', image(gzip(kernel), 0xf0000000)],
    [
      'outside the file',
      image(gzip(kernel), kernel.length, (bytes) => bytes.writeUInt32LE(0xfffffff0, 0x248)),
    ],
  ])('is left alone when it is %s', (_what, file) => {
    expect(unpackKernel(file)).toBeNull()
  })
})

/** gzip ends with the unpacked size of its own accord; nothing is appended. */
function gzip(data: Uint8Array): Buffer {
  return gzipSync(data).subarray(0, -4)
}

/** The bytes after a token of 15 literals or more. */
function lengthBytes(length: number): number[] {
  const rest = length - 15
  return [...Array(Math.floor(rest / 255)).fill(255), rest % 255]
}
