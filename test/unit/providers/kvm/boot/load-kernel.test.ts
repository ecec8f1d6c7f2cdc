import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadKernel } from '../../../../../providers/kvm/boot/load-kernel.ts'
import * as layout from '../../../../../providers/kvm/memory/layout.ts'
import { isPosadaError } from '../../../../../src/errors/index.ts'
import { PlainMemory } from '../../../../helpers/guest-memory.ts'
import { bzImage, vmlinux } from '../../../../helpers/kernel-images.ts'

const MiB = 2 ** 20

describe('loadKernel', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'posada-boot-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const file = (name: string, content: Uint8Array) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const ram = (size: number) => new PlainMemory({ regions: [{ base: 0, size }], window: 16 * MiB })
  const codeOf = (action: () => unknown) => {
    try {
      action()
    } catch (error) {
      if (isPosadaError(error)) return error.code
      throw error
    }
    return 'none'
  }

  it('puts a bzImage, its initrd and the zero page where the 64-bit protocol wants them', () => {
    const memory = ram(32 * MiB)
    const kernel = file('vmlinuz', bzImage())
    const initrd = file('initrd', Buffer.alloc(5000, 0xee))
    const entry = loadKernel(memory, { kernel, initrd, cmdline: 'console=ttyS0' })
    expect(entry.general).toMatchObject({ rip: MiB + 0x200, rsi: layout.zeroPage })
    expect(entry.system).toMatchObject({ cr0: 0x80000011, cr4: 0x20, efer: 0x500, cr3: layout.pageTables })
    expect(memory.readU8(MiB)).toBe(0xcc)
    expect(memory.readU8(MiB + 8191)).toBe(0xcc)
    expect(memory.readU8(MiB + 8192)).toBe(0)
    const zero = (offset: number) => memory.readU32(layout.zeroPage + offset)
    expect(zero(0x228)).toBe(layout.commandLine)
    expect(Buffer.from(memory.slice(layout.commandLine, 14) ?? []).toString()).toBe('console=ttyS0\0')
    const initrdAt = 32 * MiB - 8192
    expect([zero(0x218), zero(0x21c), zero(0x70)]).toEqual([initrdAt, 5000, layout.rsdp])
    expect(memory.readU8(initrdAt + 4999)).toBe(0xee)
    expect(memory.readU8(layout.zeroPage + 0x210)).toBe(0xff)
    // e820: RAM, reserved, RAM.
    expect(memory.readU8(layout.zeroPage + 0x1e8)).toBe(3)
    const range = (i: number) => [0, 8, 16].map((field) => zero(0x2d0 + i * 20 + field))
    expect([range(0), range(1), range(2)]).toEqual([
      [0, 0x9fc00, 1],
      [0x9fc00, MiB - 0x9fc00, 2],
      [MiB, 31 * MiB, 1],
    ])
  })

  it('starts an uncompressed kernel by PVH', () => {
    const memory = ram(32 * MiB)
    const entry = loadKernel(memory, { kernel: file('vmlinux', vmlinux()), cmdline: 'quiet' })
    expect(entry.general).toEqual({ rip: 0x302010, rbx: layout.pvhStartInfo })
    expect(entry.system).toMatchObject({ cr0: 0x11, cr4: 0, efer: 0 })
    expect(memory.readU8(MiB + 4095)).toBe(0xdd)
    expect(memory.readU8(MiB + 4096)).toBe(0)
    const info = (offset: number) => memory.readU32(layout.pvhStartInfo + offset)
    expect([info(0), info(4), info(12), info(24), info(32), info(48)]).toEqual([
      0x336ec578,
      1,
      0,
      layout.commandLine,
      layout.rsdp,
      3,
    ])
    expect(memory.readU32((info(40) ?? 0) + 24 * 2 + 8)).toBe(31 * MiB)
  })

  it.each<[string, () => Buffer, string]>([
    ['an empty file', () => Buffer.alloc(0), 'E_KERNEL_INVALID'],
    ['text', () => Buffer.from('#!/bin/sh\n'.repeat(500)), 'E_KERNEL_INVALID'],
    ['a truncated bzImage', () => bzImage().subarray(0, 5000), 'E_KERNEL_INVALID'],
    ['a bzImage cut inside its header', () => bzImage().subarray(0, 700), 'E_KERNEL_INVALID'],
    ['a kernel of 32 bits', () => patched(bzImage(), 0x236, 0), 'E_KERNEL_INVALID'],
    ['a kernel of another protocol', () => patched(bzImage(), 0x206, 0), 'E_KERNEL_INVALID'],
    ['a kernel that cannot move', () => patched(bzImage(), 0x234, 0), 'E_KERNEL_INVALID'],
    ['a truncated vmlinux', () => vmlinux().subarray(0, 1000), 'E_KERNEL_INVALID'],
    ['a vmlinux cut inside its header', () => vmlinux().subarray(0, 40), 'E_KERNEL_INVALID'],
    ['a vmlinux without a PVH note', () => patched(vmlinux(), 176 + 8, 17), 'E_KERNEL_INVALID'],
    [
      'a vmlinux with a note longer than its segment',
      () => patched(vmlinux(), 176, 0xff),
      'E_KERNEL_INVALID',
    ],
    ['an ELF file for another processor', () => patched(vmlinux(), 18, 183), 'E_KERNEL_INVALID'],
    ['a vmlinux for the low memory', () => patched(vmlinux(), 64 + 24 + 2, 0), 'E_KERNEL_INVALID'],
    [
      'a vmlinux for memory that is not there',
      () => patched(vmlinux(), 64 + 24 + 4, 1),
      'E_MEMORY_TOO_SMALL',
    ],
  ])('refuses %s', (_what, make, code) => {
    expect(codeOf(() => loadKernel(ram(32 * MiB), { kernel: file('kernel', make()), cmdline: '' }))).toBe(
      code,
    )
  })

  it('refuses what does not fit', () => {
    const kernel = file('vmlinuz', bzImage())
    const small = file('small', Buffer.alloc(MiB))
    const large = file('large', Buffer.alloc(13 * MiB))
    expect(codeOf(() => loadKernel(ram(19 * MiB), { kernel, cmdline: '' }))).toBe('E_MEMORY_TOO_SMALL')
    expect(codeOf(() => loadKernel(ram(20 * MiB), { kernel, cmdline: '' }))).toBe('none')
    expect(codeOf(() => loadKernel(ram(20 * MiB), { kernel, initrd: small, cmdline: '' }))).toBe(
      'E_MEMORY_TOO_SMALL',
    )
    expect(codeOf(() => loadKernel(ram(21 * MiB), { kernel, initrd: small, cmdline: '' }))).toBe('none')
    expect(codeOf(() => loadKernel(ram(32 * MiB), { kernel, initrd: large, cmdline: '' }))).toBe(
      'E_MEMORY_TOO_SMALL',
    )
    expect(codeOf(() => loadKernel(ram(32 * MiB), { kernel, cmdline: 'x'.repeat(2048) }))).toBe(
      'E_VALUE_INVALID',
    )
    expect(codeOf(() => loadKernel(ram(32 * MiB), { kernel: folder, cmdline: '' }))).toBe('E_KERNEL_INVALID')
    expect(codeOf(() => loadKernel(ram(32 * MiB), { kernel: join(folder, 'none'), cmdline: '' }))).toBe(
      'E_KERNEL_INVALID',
    )
  })

  it.each([
    ['bzImage', bzImage],
    ['vmlinux', vmlinux],
  ])('meets a damaged %s with a coded error or loads it, and nothing else', (name, make) => {
    const memory = ram(24 * MiB)
    const length = make().length
    const damage = fc.array(fc.tuple(fc.nat(Math.min(length, 0x280) - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(damage, fc.nat(length), (bytes, cut) => {
        const image = make().subarray(0, cut % 3 === 0 ? cut : length)
        for (const [at, value] of bytes) if (at < image.length) image[at] = value
        const code = codeOf(() => loadKernel(memory, { kernel: file(name, image), cmdline: 'x' }))
        expect(['none', 'E_KERNEL_INVALID', 'E_MEMORY_TOO_SMALL', 'E_VALUE_INVALID']).toContain(code)
      }),
      { numRuns: 300 },
    )
  })
})

function patched(image: Buffer, at: number, value: number): Buffer {
  image[at] = value
  image[at + 1] = at === 0x206 || at === 0x236 ? 0 : (image[at + 1] ?? 0)
  return image
}
