import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readPvhKernel } from '../../../../../providers/kvm/boot/elf.ts'
import type { ImageFile } from '../../../../../providers/kvm/boot/kernel-file.ts'
import { trimKernel } from '../../../../../providers/kvm/boot/trim-kernel.ts'

/** An ELF file with a PVH note and these segments, each at an address of its own; sections' worth of noise last. */
function elf(segments: readonly Uint8Array[]): Buffer {
  const count = segments.length + 1
  const header = Buffer.alloc(64 + count * 56)
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1')
  header.writeUInt16LE(62, 18)
  header.writeBigUInt64LE(64n, 32)
  header.writeBigUInt64LE(999n, 40)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(count, 56)
  header.writeUInt16LE(7, 60)
  const note = Buffer.alloc(20)
  note.set([4, 0, 0, 0, 4, 0, 0, 0, 18, 0, 0, 0, ...Buffer.from('Xen\0'), 0, 0, 0, 1])
  const parts = [note, ...segments]
  let offset = header.length
  for (const [index, part] of parts.entries()) {
    const at = 64 + index * 56
    header.writeUInt32LE(index === 0 ? 4 : 1, at)
    header.writeBigUInt64LE(BigInt(offset), at + 8)
    header.writeBigUInt64LE(BigInt(index * 0x100000), at + 24)
    header.writeBigUInt64LE(BigInt(part.length), at + 32)
    header.writeBigUInt64LE(BigInt(part.length), at + 40)
    offset += part.length
  }
  return Buffer.concat([header, ...parts, Buffer.alloc(100, 0xee)])
}

function imageOf(bytes: Uint8Array): ImageFile {
  const read = (offset: number, length: number) => bytes.slice(offset, offset + length)
  return { path: 'vmlinux', size: bytes.length, read, load: () => undefined, close: () => undefined }
}

/** What memory holds after loading, a segment an address. */
function loaded(bytes: Uint8Array): [number, Buffer][] {
  return readPvhKernel(imageOf(bytes)).segments.map(({ address, offset, fileSize, memorySize }) => {
    const memory = Buffer.alloc(memorySize)
    memory.set(bytes.subarray(offset, offset + fileSize))
    return [address, memory]
  })
}

it('loads as before, with no zero at the end of a segment', () => {
  const part = fc
    .tuple(fc.uint8Array({ maxLength: 50 }), fc.nat(100))
    .map(([bytes, zeroes]) => Buffer.concat([bytes, Buffer.alloc(zeroes)]))
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const whole = elf(parts)
      const before = loaded(whole)
      const trimmed = trimKernel(Uint8Array.from(whole))
      expect(loaded(trimmed)).toEqual(before)
      for (const { offset, fileSize } of readPvhKernel(imageOf(trimmed)).segments)
        expect(fileSize === 0 || trimmed[offset + fileSize - 1] !== 0).toBe(true)
      expect(trimmed.length).toBeLessThanOrEqual(whole.length - 100)
    }),
  )
})

it('leaves alone what is not an ELF file or contradicts itself, and never throws', () => {
  const whole = elf([Buffer.alloc(40, 1)])
  fc.assert(
    fc.property(
      fc.nat(63 + 112),
      fc.uint8Array({ minLength: 1, maxLength: 16 }),
      fc.nat(whole.length),
      (at, noise, cut) => {
        const bytes = Uint8Array.from(whole)
        bytes.set(noise, at)
        const copy = bytes.slice(0, cut)
        expect(trimKernel(copy).length).toBeLessThanOrEqual(cut)
      },
    ),
  )
  const cut = whole.subarray(0, whole.length - 130)
  expect(Buffer.from(trimKernel(Uint8Array.from(cut)))).toEqual(Buffer.from(cut))
})
