import type { Arch } from '../../../src/lib/values/arch.ts'

/** Exit status of QEMU when the x86 code came to a good end: isa-debug-exit makes `value * 2 + 1`. */
export const goodExit = 0x31 * 2 + 1

/** What the code of other architectures writes to its serial port before it switches the machine off. */
export const goodOutput = 'P'

/**
 * Firmware that does what any kernel does first, and then reports; it needs no other firmware. An
 * accelerator that cannot run it cannot run a stock kernel. Null where there is none: an accelerator is taken for good
 * if QEMU starts with it.
 */
export function bootCode(arch: Arch): Uint8Array | null {
  if (arch === 'x86_64') return x86Image()
  const code = { aarch64: aarch64Code, riscv64: riscv64Code, ppc64le: null, s390x: null }[arch]
  return code === null ? null : bytes(code)
}

/**
 * 64 KiB that end at 4 GiB, where the processor starts 16 bytes before the end; the board shows the
 * same bytes at 0xf0000, where the code runs. Intel SDM volume 3, 10.1.4 "First Instruction Executed".
 */
function x86Image(): Uint8Array {
  const image = new Uint8Array(0x10000)
  image.set(bytes(x86Code))
  image.set(bytes([['e9 0d 00', 'jmp to offset 0: 0xfff3 + 0x000d, modulo 64 KiB']]), 0xfff0)
  return image
}

type Line = readonly [hex: string, meaning: string]

/** Machine code, one piece of work a line; offsets that other lines refer to stand in the meaning. */
const x86Code: readonly Line[] = [
  // 16-bit, at f000:0000
  ['fa', 'cli'],
  ['2e 66 0f 01 16 18 01', 'lgdtl %cs:0x118'],
  ['0f 20 c0 0c 01 0f 22 c0', 'cr0 |= PE: protected mode'],
  ['66 ea 18 00 0f 00 08 00', 'ljmpl $8, $0xf0018'],
  // 32-bit, at 0xf0018
  ['66 b8 10 00 8e d8 8e c0 8e d0', 'ds = es = ss = 16'],
  ['bc 00 80 00 00', 'esp = 0x8000'],
  ['bf 00 10 00 00 b9 00 0c 00 00 31 c0 fc f3 ab', 'clear three pages from 0x1000'],
  ['c7 05 00 10 00 00 03 20 00 00', 'PML4[0] = 0x2000 | present, writable'],
  ['c7 05 00 20 00 00 03 30 00 00', 'PDPT[0] = 0x3000 | present, writable'],
  ['c7 05 00 30 00 00 83 00 00 00', 'PD[0] = 0 | present, writable, 2 MiB'],
  ['0f 20 e0 0d 20 06 00 00 0f 22 e0', 'cr4 |= PAE, OSFXSR, OSXMMEXCPT'],
  ['b8 00 10 00 00 0f 22 d8', 'cr3 = 0x1000'],
  ['b9 80 00 00 c0 0f 32 0d 00 01 00 00 0f 30', 'EFER |= LME'],
  ['0f 20 c0 83 e0 fb 0d 02 00 00 80 0f 22 c0', 'cr0: clear EM, set MP and PG: long mode'],
  ['ea 8a 00 0f 00 18 00', 'ljmpl $24, $0xf008a'],
  // 64-bit, at 0xf008a
  ['be 00 40 00 00', 'rsi = 0x4000'],
  ['48 b8 ef cd ab 89 67 45 23 01', 'rax = 0x0123456789abcdef'],
  ['66 48 0f 6e c0 66 0f 6c c0 66 0f d4 c0', 'SSE2: movq, punpcklqdq, paddq: twice rax, in both halves'],
  ['0f 29 06 48 8b 06 48 8b 56 08', 'movaps to memory, and back to rax and rdx'],
  ['bb 01 00 00 00 b9 02 00 00 00', 'rbx = 1, rcx = 2'],
  ['f0 48 0f c7 0e 75 30', 'lock cmpxchg16b (%rsi); else fail'],
  ['b8 03 00 00 00 f0 48 0f c1 06', 'lock xadd 3'],
  ['48 83 f8 01 75 20 48 83 3e 04 75 1a 48 83 7e 08 02 75 13', 'was 1, is 4 and 2; else fail'],
  ['31 c0 0f a2 0f 31', 'cpuid, rdtsc'],
  ['b9 00 00 00 01 ff c9 75 fc', '2^24 rounds: a tenth of a second emulated, minutes one exit at a time'],
  ['b0 31 eb 02', 'al = 0x31, skip fail'],
  ['b0 02', 'fail: al = 2'],
  ['e6 f4', 'out to isa-debug-exit'],
  ['f4 eb fd', 'hlt, for ever'],
  // Data at 0xf00f8: the descriptor table, and at 0x118 what lgdt reads
  ['00 00 00 00 00 00 00 00', '0: none'],
  ['ff ff 00 00 00 9b cf 00', '8: 32-bit code'],
  ['ff ff 00 00 00 93 cf 00', '16: data'],
  ['ff ff 00 00 00 9b af 00', '24: 64-bit code'],
  ['1f 00 f8 00 0f 00', 'limit 31, base 0xf00f8'],
]

/**
 * Runs at address 0 of machine type virt: the PL011's data register is at 0x09000000 (QEMU,
 * hw/arm/virt.c), SYSTEM_OFF is function 0x84000008 (Arm DEN0022, PSCI, 5.9).
 */
const aarch64Code: readonly Line[] = [
  ['40 10 38 d5 00 04 6c b2 40 10 18 d5 df 3f 03 d5', 'CPACR_EL1.FPEN = 3, isb'],
  ['00 e4 00 6f a1 02 80 d2 20 0c 08 4e', 'v0 = 21 in both halves'],
  ['00 84 e0 4e 02 3c 18 4e', 'v0 += v0; x2 = its upper half'],
  ['5f a8 00 f1 e1 00 00 54', 'not 42: skip to SYSTEM_OFF'],
  ['03 20 a0 52 63 04 00 71 e1 ff ff 54', '2^24 rounds'],
  ['00 0a 80 52 01 20 a1 d2 20 00 00 b9', 'write P to the serial port'],
  ['00 80 b0 52 00 01 80 72 02 00 00 d4', 'SYSTEM_OFF through hvc'],
  ['7f 20 03 d5 ff ff ff 17', 'wfi, for ever'],
]

/**
 * Runs at 0x80000000 of machine type virt: a 16550's data register is at 0x10000000, and 0x5555 at 0x100000 switches
 * the machine off (QEMU, hw/riscv/virt.c, hw/misc/sifive_test.c).
 */
const riscv64Code: readonly Line[] = [
  ['b7 03 00 01 93 83 f3 ff e3 9e 03 fe', '2^24 rounds'],
  ['b7 02 00 10 13 03 00 05 23 80 62 00', 'write P to the serial port'],
  ['b7 02 10 00 37 53 00 00 13 03 53 55 23 a0 62 00', 'switch off'],
  ['6f 00 00 00', 'for ever'],
]

function bytes(lines: readonly Line[]): Uint8Array {
  return Uint8Array.from(lines.flatMap(([hex]) => hex.split(' ').map((byte) => Number.parseInt(byte, 16))))
}
