import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { callFilter } from '../../../../../providers/kvm/confine/filter.ts'
import { systemCall } from '../../../../../providers/kvm/confine/system-calls.ts'
import { KVM } from '../../../../../providers/kvm/ffi/kvm-abi.ts'

const canCompile =
  existsSync('/usr/include/linux/kvm.h') && existsSync('/usr/bin/gcc') && process.arch === 'x64'

// The kernel runs the filter on a process of its own in test/integration/kvm/confinement.test.ts.
describe('which system calls pass', () => {
  const program = Buffer.from(callFilter(4711))
  const [allow, refuse, unknown, kill] = [0x7fff0000, 0x50001, 0x50026, 0x80000000]

  /** Runs the program as the kernel does (Linux, net/core/filter.c), over struct seccomp_data. */
  function run(call: number, args: readonly number[] = [], arch = 0xc000003e): number {
    const data = Buffer.alloc(64)
    data.writeUInt32LE(call, 0)
    data.writeUInt32LE(arch, 4)
    args.forEach((value, index) => {
      data.writeBigUInt64LE(BigInt(value), 16 + 8 * index)
    })
    let accumulator = 0
    for (let at = 0; ; at += 1) {
      const [code, value] = [program.readUInt16LE(at * 8), program.readUInt32LE(at * 8 + 4)]
      if (code === 0x20) accumulator = data.readUInt32LE(value)
      else if (code === 0x54) accumulator = (accumulator & value) >>> 0
      else if (code === 0x15) at += program[at * 8 + (accumulator === value ? 2 : 3)] ?? 0
      else if (code === 0x06) return value
      else throw new Error(`instruction ${code}`)
    }
  }

  it.each<[string, number, number[], number]>([
    ['read', systemCall.read, [], allow],
    ['the last on the list', systemCall.faccessat2, [], allow],
    ['execve', 59, [], refuse],
    ['connect', 42, [], refuse],
    ['a call that is not known yet', 4000, [], refuse],
    ['read by the x32 table', 0x40000000, [], refuse],
    ['KVM_RUN', systemCall.ioctl, [5, KVM.RUN], allow],
    ['KVM_CREATE_DEVICE', systemCall.ioctl, [5, 0xc00caee0], refuse],
    ['a Unix socket', systemCall.socket, [1, 1, 0], allow],
    ['a socket of IPv4', systemCall.socket, [2, 1, 0], refuse],
    ['a thread', systemCall.clone, [0x3d0f00], allow],
    ['a process', systemCall.clone, [17], refuse],
    ['a process that shares memory', systemCall.clone, [0x4111], refuse],
    ['clone3', systemCall.clone3, [], unknown],
    ['a signal to itself', systemCall.tgkill, [4711, 4712, 36], allow],
    ['a signal to another', systemCall.kill, [1, 9], refuse],
    ['its own limit, read', systemCall.prlimit64, [0, 7, 0, 1], allow],
    ['its own limit, set', systemCall.prlimit64, [0, 7, 2 ** 40], refuse],
    ['another’s limit', systemCall.prlimit64, [4711, 7, 0], refuse],
    ['a name', systemCall.prctl, [15], allow],
    ['PR_SET_DUMPABLE', systemCall.prctl, [4], refuse],
    ['F_SETOWN', systemCall.fcntl, [1, 8], refuse],
  ])('%s', (_what, call, args, expected) => {
    expect(run(call, args)).toBe(expected)
  })

  it('ends what calls by the table of another architecture', () => {
    expect(run(systemCall.read, [], 0x40000003)).toBe(kill)
  })

  it.skipIf(!canCompile)('by the numbers of <sys/syscall.h> (needs gcc)', () => {
    const names = Object.keys(systemCall)
    const source = `#include <sys/syscall.h>\n${names.map((name) => `n_${name} SYS_${name}`).join('\n')}`
    const output = execFileSync('gcc', ['-E', '-P', '-'], { input: source }).toString()
    const numbers = Object.fromEntries(
      [...output.matchAll(/n_(\w+) (\d+)/g)].map(([, name, value]) => [name, Number(value)]),
    )
    expect(numbers).toEqual(systemCall)
  })
})
