import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeMappable, memoryStart } from '../../../../../providers/qemu/memory/mappable.ts'
import { pageSize } from '../../../../../providers/qemu/memory/ram-stream.ts'
import { canMap } from '../../../../../providers/qemu/memory/save.ts'

const size = 8 * pageSize
const u32 = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])
const u64 = (value: number) => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32)])
const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
const page = (fill: number) => Buffer.alloc(pageSize, fill)

// As QEMU 10 writes it: migration/savevm.c and migration/ram.c.
const footer = Buffer.concat([Buffer.from([0x7e]), u32(2)])
const head = Buffer.concat([
  ...[u32(0x5145564d), u32(3), Buffer.from([7]), u32(4), Buffer.from('virt')],
  ...[Buffer.from([5]), text('configuration/target-page-bits'), u32(1), u32(12)],
  ...[Buffer.from([1]), u32(2), text('ram'), u32(0), u32(4)],
  ...[u64(size + pageSize + 4), text('pc.ram'), u64(size), text('/rom@etc/table'), u64(pageSize)],
  ...[u64(0x10), footer],
])
const end = u64(0x10)
const rom = Buffer.concat([u64(8), text('/rom@etc/table'), page(9)])
const tail = Buffer.from('\x04 all devices')
const section = (type: number, ...records: Buffer[]) =>
  Buffer.concat([Buffer.from([type]), u32(2), ...records, end, footer])
const command = Buffer.from([8, 0, 11, 0, 2, 1, 2])

const stream = Buffer.concat([
  head,
  section(
    2,
    ...[u64(8), text('pc.ram'), page(1)],
    ...[u64(pageSize + 0x28), page(2)],
    ...[u64(2 * pageSize + 0x22), Buffer.from([0])],
    ...[u64(5 * pageSize + 0x28), page(5), rom],
  ),
  command,
  // What was written to since comes again.
  section(3, u64(pageSize + 2), text('pc.ram'), Buffer.from([0]), u64(7 * pageSize + 0x28), page(7)),
  tail,
])
const rest = Buffer.concat([head, section(2, rom), command, section(3), tail])

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posada-mappable-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function made(from: Buffer, memory = size) {
  const [source, target] = [join(folder, 'stream'), join(folder, 'mapped')]
  await writeFile(source, from)
  const files = [await open(source), await open(target, 'w+')] as const
  try {
    const name = await makeMappable(...files, memory)
    const read = async (at: number, length: number) =>
      (await files[1].read(Buffer.alloc(length), 0, length, at)).buffer
    return {
      name,
      read,
      size: (await stat(target)).size,
      rest: await read(0, rest.length + 1),
      memory: await read(memoryStart, memory),
    }
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
}

describe('a stream that is made mappable', () => {
  it('has its memory apart, as it was at last, and the rest as a stream', async () => {
    const { name, memory, ...found } = await made(stream)
    expect(name).toBe('pc.ram')
    expect(found.rest).toEqual(Buffer.concat([rest, Buffer.alloc(1)]))
    expect(found.size).toBe(memoryStart + size)
    const pages = [page(1), page(0), page(0), page(0), page(0), page(5), page(0), page(7)]
    expect(memory.equals(Buffer.concat(pages))).toBe(true)
  })

  it.each([
    ['of another form', Buffer.concat([u32(0x5145564d), u32(4), stream.subarray(8)])],
    [
      'with other sections before it',
      Buffer.from(stream.toString('latin1').replace('\x03ram', '\x03rom'), 'latin1'),
    ],
    ['with a page outside of it', Buffer.from(stream).fill(0xff, head.length + 5, head.length + 8)],
    ['with compressed pages', Buffer.concat([head, section(2, u64(0x100), text('pc.ram'))])],
    ['that is empty', Buffer.alloc(0)],
  ])('is left as it is: one %s', async (_, other) => {
    expect((await made(other)).name).toBeNull()
  })

  it('is left as it is where no memory has the size of the machine’s', async () => {
    expect((await made(stream, 4 * pageSize)).name).toBeNull()
  })

  it('is one only to the end, and no damage leads beyond the file', async () => {
    const cut = fc.integer({ min: 0, max: stream.length - tail.length - 1 })
    const flip = fc.record({ at: fc.nat(stream.length - 1), to: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(cut, flip, async (length, { at, to }) => {
        expect((await made(stream.subarray(0, length))).name).toBeNull()
        const flipped = Buffer.from(stream)
        flipped[at] = to
        expect((await made(flipped)).size).toBeLessThanOrEqual(memoryStart + size)
      }),
      { numRuns: 100 },
    )
  })
})

it.each([
  ['7.2.22', false],
  ['8.1.5', false],
  ['8.2.0', true],
  ['10.0.2', true],
  ['unknown', false],
])('QEMU %s maps a file that it does not write to: %s', (version, expected) => {
  expect(canMap(version)).toBe(expected)
})
