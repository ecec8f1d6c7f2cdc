import { loadKoffi } from '../../../src/lib/native/koffi.ts'

/**
 * The few calls of the C library that Node does not offer. All are synchronous: koffi's asynchronous
 * calls inside workers are reported to crash (koffi#190). Numbers are of Linux on x86-64.
 */

// Addresses in user space are below 2^47 (Linux, Documentation/arch/x86/x86_64/mm.rst), so a number holds them.
export type Address = number

interface Functions {
  open(path: string, flags: number): number
  close(fd: number): number
  ioctlData(fd: number, request: number, data: Uint8Array): number
  ioctlValue(fd: number, request: number, value: number): number
  mmap(address: Address, length: number, prot: number, flags: number, fd: number, offset: number): Address
  munmap(address: Address, length: number): number
  madvise(address: Address, length: number, advice: number): number
  memfd(name: string, flags: number): number
  ftruncate(fd: number, length: number): number
  lseek(fd: number, offset: number, whence: number): number
  fallocate(fd: number, mode: number, offset: number, length: number): number
  eventfd(initial: number, flags: number): number
  read(fd: number, data: Uint8Array, length: number): number
  write(fd: number, data: Uint8Array, length: number): number
  socketpair(domain: number, type: number, protocol: number, pair: Int32Array): number
  socket(domain: number, type: number, protocol: number): number
  connect(fd: number, address: Uint8Array, length: number): number
  setsockopt(fd: number, level: number, option: number, value: Int32Array, length: number): number
  dup2(from: number, to: number): number
  capget(header: Uint8Array, data: Uint32Array): number
  capset(header: Uint8Array, data: Uint32Array): number
  landlockCreate(call: number, attributes: Uint8Array | null, size: number, flags: number): number
  landlockAdd(call: number, ruleset: number, type: number, rule: Uint8Array, flags: number): number
  landlockRestrict(call: number, ruleset: number, flags: number): number
  gettid(): number
  prctl(option: number, a: number, b: number, c: number, d: number): number
  /** One by its number, with numbers; addresses are such. */
  systemCall(call: number, a: number, b: number, c: Address): number
  tgkill(pid: number, tid: number, signal: number): number
  sigaction(signal: number, action: Uint8Array, old: null): number
  /** The address of `abs`, a function that takes an int and does nothing with it. */
  abs: bigint
}

export const koffi = loadKoffi()
let loaded: Functions | undefined

/** Loaded at the first call. */
export function libc(): Functions {
  if (loaded) return loaded
  const lib = koffi.load('libc.so.6')
  loaded = {
    open: lib.func('open', 'int', ['str', 'int']),
    close: lib.func('close', 'int', ['int']),
    ioctlData: lib.func('ioctl', 'int', ['int', 'ulong', 'void *']),
    ioctlValue: lib.func('ioctl', 'int', ['int', 'ulong', 'intptr']),
    mmap: lib.func('mmap', 'intptr', ['intptr', 'size_t', 'int', 'int', 'int', 'int64']),
    munmap: lib.func('munmap', 'int', ['intptr', 'size_t']),
    madvise: lib.func('madvise', 'int', ['intptr', 'size_t', 'int']),
    memfd: lib.func('memfd_create', 'int', ['str', 'uint']),
    lseek: lib.func('lseek', 'int64', ['int', 'int64', 'int']),
    ftruncate: lib.func('ftruncate', 'int', ['int', 'int64']),
    fallocate: lib.func('fallocate', 'int', ['int', 'int', 'int64', 'int64']),
    eventfd: lib.func('eventfd', 'int', ['uint', 'int']),
    read: lib.func('read', 'int64', ['int', 'void *', 'size_t']),
    write: lib.func('write', 'int64', ['int', 'void *', 'size_t']),
    socketpair: lib.func('socketpair', 'int', ['int', 'int', 'int', 'void *']),
    socket: lib.func('socket', 'int', ['int', 'int', 'int']),
    connect: lib.func('connect', 'int', ['int', 'void *', 'uint']),
    setsockopt: lib.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint']),
    dup2: lib.func('dup2', 'int', ['int', 'int']),
    prctl: lib.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']),
    systemCall: lib.func('syscall', 'long', ['long', 'long', 'long', 'intptr']),
    capget: lib.func('capget', 'int', ['void *', 'void *']),
    capset: lib.func('capset', 'int', ['void *', 'void *']),
    landlockCreate: lib.func('syscall', 'long', ['long', 'void *', 'size_t', 'uint']),
    landlockAdd: lib.func('syscall', 'long', ['long', 'int', 'int', 'void *', 'uint']),
    landlockRestrict: lib.func('syscall', 'long', ['long', 'int', 'uint']),
    gettid: lib.func('gettid', 'int', []),
    tgkill: lib.func('tgkill', 'int', ['int', 'int', 'int']),
    sigaction: lib.func('sigaction', 'int', ['int', 'void *', 'void *']),
    abs: koffi.address(lib.symbol('abs')),
  }
  return loaded
}
