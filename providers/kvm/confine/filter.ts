import { KVM } from '../ffi/kvm-abi.ts'
import { type SystemCall, systemCall } from './system-calls.ts'

/**
 * Which calls pass, as a program of the kernel's packet filter (Linux, Documentation/userspace-api/seccomp_filter.rst,
 * <linux/filter.h>): 8 bytes an instruction, for the process with this id. What is not on the list fails with EPERM; a
 * call by another architecture's table ends the process.
 */
export function callFilter(pid: number): Uint8Array {
  const program: Instruction[] = [
    load(dataOffset.arch),
    skipUnless(auditArch, 1, 0),
    end(action.kill),
    load(dataOffset.call),
    ...ordered().flatMap((name) => ruleFor(name, pid)),
    end(action.refuse),
  ]
  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(({ code, yes = 0, no = 0, value }, index) => {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(yes, index * 8 + 2)
    bytes.writeUInt8(no, index * 8 + 3)
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4)
  })
  return bytes
}

interface Instruction {
  code: number
  /** Instructions to skip where the comparison holds, and where it does not. */
  yes?: number
  no?: number
  value: number
}

// BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_ALU | BPF_AND | BPF_K, BPF_RET | BPF_K
const operation = { load: 0x20, equal: 0x15, and: 0x54, end: 0x06 } as const
/** SECCOMP_RET_*: `refuse` and `unknown` with EPERM and ENOSYS (<linux/seccomp.h>). */
const action = { allow: 0x7fff0000, refuse: 0x00050001, unknown: 0x00050026, kill: 0x80000000 } as const
/** AUDIT_ARCH_X86_64. */
const auditArch = 0xc000003e
/** struct seccomp_data: arguments are 64 bits each, from 16 on. */
const dataOffset = { call: 0, arch: 4, argument: (index: number) => 16 + 8 * index } as const

const load = (offset: number): Instruction => ({ code: operation.load, value: offset })
const end = (value: number): Instruction => ({ code: operation.end, value })
const skipUnless = (value: number, yes: number, no: number): Instruction => ({
  code: operation.equal,
  yes,
  no,
  value,
})

/** Those that a guest's run is made of come first, as the program is walked through. */
function ordered(): SystemCall[] {
  const first: SystemCall[] = ['ioctl', 'futex', 'read', 'write', 'epoll_wait', 'epoll_pwait', 'pread64']
  const all = Object.keys(systemCall) as SystemCall[]
  return [...first, ...all.filter((name) => !first.includes(name))]
}

/** CLONE_VM, CLONE_SIGHAND, CLONE_THREAD: a thread, and nothing that is not one. */
const threadFlags = 0x00000100 | 0x00000800 | 0x00010000
const unix = 1
/** FIONREAD, FIONBIO, FIOCLEX. */
const plainIoctls = [0x541b, 0x5421, 0x5451]
/** F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC: nothing that sends signals. */
const fcntls = [0, 1, 2, 3, 4, 1030]
/** PR_SET_NAME, PR_SET_VMA: names of threads and of memory. */
const prctls = [15, 0x53564d41]

function ruleFor(name: SystemCall, pid: number): Instruction[] {
  switch (name) {
    case 'ioctl':
      return only(name, 1, [...Object.values(KVM), ...plainIoctls])
    case 'fcntl':
      return only(name, 1, fcntls)
    case 'prctl':
      return only(name, 0, prctls)
    // An address family is all that can be looked at: not the path of a socket, so `connect` is not on the list at all.
    case 'socket':
    case 'socketpair':
      return only(name, 0, [unix])
    case 'kill':
    case 'tgkill':
      return only(name, 0, [pid])
    // Its own limits, to be read.
    case 'prlimit64':
      return when(name, [...argumentIs(0, 0), ...argumentIs(2, 0)])
    case 'clone':
      return when(name, [
        load(dataOffset.argument(0)),
        { code: operation.and, value: threadFlags },
        skipUnless(threadFlags, 1, 0),
        end(action.refuse),
      ])
    // Its flags lie in memory, where a filter cannot look: the C library then takes `clone`.
    case 'clone3':
      return [skipUnless(systemCall.clone3, 0, 1), end(action.unknown)]
    default:
      return [skipUnless(systemCall[name], 0, 1), end(action.allow)]
  }
}

/** Passes where the lower half of an argument is one of these. */
function only(name: SystemCall, argument: number, values: readonly number[]): Instruction[] {
  const tests = values.flatMap((value) => [skipUnless(value, 0, 1), end(action.allow)])
  const body = [load(dataOffset.argument(argument)), ...tests, end(action.refuse)]
  return [skipUnless(systemCall[name], 0, body.length), ...body]
}

/** Passes where none of the checks has ended the program. */
function when(name: SystemCall, checks: readonly Instruction[]): Instruction[] {
  return [skipUnless(systemCall[name], 0, checks.length + 1), ...checks, end(action.allow)]
}

/** Both halves of it. */
function argumentIs(index: number, value: number): Instruction[] {
  const at = dataOffset.argument(index)
  return [
    load(at),
    skipUnless(value, 1, 0),
    end(action.refuse),
    load(at + 4),
    skipUnless(0, 1, 0),
    end(action.refuse),
  ]
}
