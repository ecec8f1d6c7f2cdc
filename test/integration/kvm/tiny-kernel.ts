import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { awaitByte, awaitWord, configure, store8, store16, store32 } from './driver-code.ts'

/** Kernels of a few instructions of 32 bits, which also a KVM without hardware runs. They start by PVH. */
const loadAddress = 0x100000

/** mov dx, port */
const portDx = (port: number) => [0x66, 0xba, port & 0xff, port >> 8]
/** mov al, letter; out dx, al */
const print = (text: string) => [
  ...portDx(0x3f8),
  ...[...text].flatMap((letter) => [0xb0, letter.charCodeAt(0), 0xee]),
]
/** mov dx, port; mov al, value; out dx, al */
const out = (port: number, value: number) => [...portDx(port), 0xb0, value, 0xee]

const up = print('guest is up\n')
const spin = [0xeb, 0xfe]

const [descriptors, available, used] = [0x20_0000, 0x20_1000, 0x20_2000]
const queueSize = 8

/** Of the PCI function in a slot: they lie one behind the other. */
const barOf = (slot: number) => 0xc000_0000 + (slot - 1) * 0x8000

/** Brings a device up with one queue. */
function bringUp(slot: number, queue: number): number[] {
  const bar = barOf(slot)
  return [
    ...configure(slot, 0x04, 6),
    ...[0, 1, 3].flatMap((value) => store8(bar + 20, value)),
    ...store32(bar + 8, 1),
    ...store32(bar + 12, 1),
    ...store8(bar + 20, 11),
    ...store16(bar + 22, queue),
    ...store16(bar + 24, queueSize),
    ...store32(bar + 32, descriptors),
    ...store32(bar + 40, available),
    ...store32(bar + 48, used),
    ...store16(bar + 28, 1),
    ...store8(bar + 20, 15),
  ]
}

const descriptor = (index: number, at: number, length: number, flags: number) => [
  ...store32(descriptors + 16 * index, at),
  ...store32(descriptors + 16 * index + 8, length),
  ...store16(descriptors + 16 * index + 12, flags),
  ...store16(descriptors + 16 * index + 14, index + 1),
]

/** Drives its first disk: writes 24 times 512 KiB, a dot each. */
function writing(): number[] {
  const [header, status, data] = [0x20_3000, 0x20_4000, 0x30_0000]
  const bytes = 512 * 1024
  const writes = Array.from({ length: 24 }, (_, index) => [
    ...store32(header + 8, (index * bytes) / 512),
    ...store8(status, 0xff),
    ...store16(available + 4 + 2 * (index % queueSize), 0),
    ...store16(available + 2, index + 1),
    ...store16(barOf(1) + 0x3000, 0),
    ...awaitWord(used + 2, index + 1),
    ...awaitByte(status, 0),
    ...print('.'),
  ])
  return [
    ...bringUp(1, 0),
    ...store32(header, 1),
    ...store32(data, 0x61746164),
    ...descriptor(0, header, 16, 1),
    ...descriptor(1, data, bytes, 1),
    ...descriptor(2, status, 1, 2),
    ...writes.flat(),
    ...print('all written'),
    ...spin,
  ]
}

/** Drives the folder behind its five other devices (<linux/fuse.h>): makes a file, says so and restarts, for ever. */
function mounting(): number[] {
  const [slot, queue] = [6, 1]
  const [request, answer] = [0x20_3000, 0x20_4000]
  const ask = (index: number, opcode: number, body: readonly number[]) => {
    const words = [40 + 4 * body.length, opcode, index + 1, 0, 1, 0, 0, 0, 0, 0, ...body]
    return [
      ...words.flatMap((value, at) => store32(request + 4 * at, value)),
      ...descriptor(0, request, 4 * words.length, 1),
      ...descriptor(1, answer, 4096, 2),
      ...store16(available + 4 + 2 * index, 0),
      ...store16(available + 2, index + 1),
      ...store16(barOf(slot) + 0x3000 + 4 * queue, queue),
      ...awaitWord(used + 2, index + 1),
      ...awaitWord(answer + 4, 0),
    ]
  }
  return [
    ...bringUp(slot, queue),
    ...ask(0, 26, [7, 31, 0x10000, 0]),
    // Read and write, mode 0600, and its name: `made`.
    ...ask(1, 35, [2, 0o100600, 0, 0, 0x6564616d, 0]),
    ...print('mounted\n'),
    ...out(0x600, 1),
    ...spin,
  ]
}

export const tinyKernels = {
  /** Switches itself off once its power button, interrupt 9, is pressed: bit 1 of the second PIC's requests. */
  obedient: [
    ...up,
    ...[...out(0xa0, 0x0a)], // the next read gives the interrupt requests
    ...[0xf3, 0x90], // pause
    ...[0xec, 0xa8, 0x02], // in al, dx; test al, 2
    ...[0x74, 0xf9], // jz to the pause
    ...out(0x600, 0x34),
    ...spin,
  ],
  /** Never reacts to anything. */
  deaf: [...up, ...spin],
  /** Switches itself off at once. */
  brief: [...up, ...out(0x600, 0x34), ...spin],
  /** Restarts itself for ever. */
  restarting: [...up, ...out(0x600, 1), ...spin],
  /** Restarts itself for ever, through the keyboard controller. */
  pulsing: [...up, ...out(0x64, 0xfe), ...spin],
  /** Without an IDT, an undefined instruction is a triple fault. */
  crashing: [...up, 0x0f, 0x0b],
  /**
   * Writes 20,000 random values to random ports (but the two that restart it) and to random addresses of the
   * PCI window, among them the configuration ports and all device registers, and says when it is through.
   */
  scribbling: [
    ...up,
    ...[0xbd, 0x20, 0x4e, 0x00, 0x00], // mov ebp, 20000
    ...[0xbb, 0x15, 0xcd, 0x5b, 0x07], // mov ebx, 123456789
    // loop:
    ...[0x69, 0xdb, 0x6d, 0x4e, 0xc6, 0x41], // imul ebx, ebx, 1103515245
    ...[0x81, 0xc3, 0x39, 0x30, 0x00, 0x00], // add ebx, 12345
    ...[0x89, 0xda, 0xc1, 0xea, 0x10], // mov edx, ebx; shr edx, 16
    ...[0x66, 0x81, 0xfa, 0x00, 0x06, 0x74, 0x11], // cmp dx, 0x600; je memory
    ...[0x66, 0x83, 0xfa, 0x64, 0x74, 0x0b], // cmp dx, 0x64; je memory
    ...[0x89, 0xd8, 0xef], // mov eax, ebx; out dx, eax
    ...[0x66, 0xba, 0xfc, 0x0c, 0xed], // mov dx, 0xcfc; in eax, dx
    ...[0x89, 0xd8, 0xef], // mov eax, ebx; out dx, eax
    // memory:
    ...[0x66, 0xba, 0xf8, 0x0c], // mov dx, 0xcf8
    ...[0x25, 0xfc, 0x7f, 0x00, 0x00, 0x0d, 0x00, 0x00, 0x00, 0x80, 0xef], // and eax, 0x7ffc; or eax, 1 << 31; out dx, eax
    ...[0x89, 0xd9, 0xc1, 0xe9, 0x0d, 0x81, 0xe1, 0xff, 0xff, 0x03, 0x00], // mov ecx, ebx; shr ecx, 13; and ecx, 0x3ffff
    ...[0x89, 0x99, 0x00, 0x00, 0x00, 0xc0], // mov [ecx + 0xc0000000], ebx
    ...[0x8b, 0x81, 0x00, 0x00, 0x00, 0xc0], // mov eax, [ecx + 0xc0000000]
    ...[0x4d, 0x75, 0xae], // dec ebp; jnz loop
    ...out(0x3fb, 3), // the serial port's line control, which may have been changed
    ...out(0x3fc, 0),
    ...print('through'),
    ...spin,
  ],
  /** See above. */
  writing: [...up, ...writing()],
  mounting: [...up, ...mounting()],
  /** Says the alphabet for ever, a letter every few milliseconds; which one comes next is in memory. */
  reciting: [
    ...up,
    ...store32(0x20_0000, 0x61),
    ...[0xbb, 0x00, 0x00, 0x20, 0x00], // again: mov ebx, 0x200000
    ...[0x8b, 0x03], // mov eax, [ebx]
    ...[...portDx(0x3f8), 0xee], // out dx, al
    ...[0x40, 0x3c, 0x7b, 0x75, 0x02, 0xb0, 0x61], // inc eax; cmp al, 'z' + 1; jne; mov al, 'a'
    ...[0x89, 0x03], // mov [ebx], eax
    ...[0xb9, 0x00, 0x04, 0x00, 0x00, 0x49, 0x75, 0xfd], // mov ecx, 1024; dec ecx; jnz
    ...[0xeb, 0xe1], // jmp to again
  ],
  /** Writes to its console for ever. */
  flooding: [...up, ...portDx(0x3f8), 0xb0, 0x78, 0xee, 0xeb, 0xfd],
} as const

export type TinyKernel = keyof typeof tinyKernels

/** Writes the kernel as an ELF file with one segment and a PVH note; returns its path. */
export function writeTinyKernel(folder: string, name: TinyKernel): string {
  const code = tinyKernels[name]
  const notes = [...word(4), ...word(4), ...word(18), ...Buffer.from('Xen\0'), ...word(loadAddress)]
  const noteOffset = 64 + 2 * 56
  const codeOffset = noteOffset + notes.length
  const header = Buffer.alloc(noteOffset)
  header.write('\x7fELF', 0, 'latin1')
  header.set([2, 1, 1], 4)
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(62, 18)
  header.writeBigUInt64LE(64n, 32)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(2, 56)
  segment(header, 64, { type: 1, offset: codeOffset, address: loadAddress, size: code.length })
  segment(header, 120, { type: 4, offset: noteOffset, address: 0, size: notes.length })
  const path = join(folder, `${name}.elf`)
  writeFileSync(path, Buffer.concat([header, Buffer.from(notes), Buffer.from(code)]))
  return path
}

function segment(
  header: Buffer,
  at: number,
  { type, offset, address, size }: { type: number; offset: number; address: number; size: number },
): void {
  header.writeUInt32LE(type, at)
  header.writeBigUInt64LE(BigInt(offset), at + 8)
  header.writeBigUInt64LE(BigInt(address), at + 24)
  header.writeBigUInt64LE(BigInt(size), at + 32)
  header.writeBigUInt64LE(BigInt(size), at + 40)
}

function word(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24]
}
