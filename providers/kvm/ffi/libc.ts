import { loadKoffi } from '../../../src/lib/koffi.ts'
import { checked, SystemCallError, uninterrupted } from './system-call-error.ts'

/**
 * The few calls of the C library that Node does not offer. All are synchronous: koffi's asynchronous
 * calls inside workers are reported to crash (koffi#190). Numbers are of Linux on x86-64.
 */

// Addresses in user space are below 2^47 (Linux, Documentation/arch/x86/x86_64/mm.rst), so a number holds them.
type Address = number

interface Functions {
  open(path: string, flags: number): number
  close(fd: number): number
  ioctlData(fd: number, request: number, data: Uint8Array): number
  ioctlValue(fd: number, request: number, value: number): number
  mmap(address: Address, length: number, prot: number, flags: number, fd: number, offset: number): Address
  munmap(address: Address, length: number): number
  madvise(address: Address, length: number, advice: number): number
  fallocate(fd: number, mode: number, offset: number, length: number): number
  eventfd(initial: number, flags: number): number
  read(fd: number, data: Uint8Array, length: number): number
  write(fd: number, data: Uint8Array, length: number): number
  gettid(): number
  tgkill(pid: number, tid: number, signal: number): number
  sigaction(signal: number, action: Uint8Array, old: null): number
  /** The address of `abs`, a function that takes an int and does nothing with it. */
  abs: bigint
}

const koffi = loadKoffi()
let loaded: Functions | undefined

function libc(): Functions {
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
    fallocate: lib.func('fallocate', 'int', ['int', 'int', 'int64', 'int64']),
    eventfd: lib.func('eventfd', 'int', ['uint', 'int']),
    read: lib.func('read', 'int64', ['int', 'void *', 'size_t']),
    write: lib.func('write', 'int64', ['int', 'void *', 'size_t']),
    gettid: lib.func('gettid', 'int', []),
    tgkill: lib.func('tgkill', 'int', ['int', 'int', 'int']),
    sigaction: lib.func('sigaction', 'int', ['int', 'void *', 'void *']),
    abs: koffi.address(lib.symbol('abs')),
  }
  return loaded
}

// <asm-generic/fcntl.h>
const O_RDWR = 0o2
const O_CLOEXEC = 0o2000000

/** Opens for reading and writing, closed on exec. */
export function openDevice(path: string): number {
  return uninterrupted('open', () => libc().open(path, O_RDWR | O_CLOEXEC), path)
}

export function closeDescriptor(fd: number): void {
  checked('close', libc().close(fd))
}

/** ioctl with a struct, read and written in place. Made again when a signal interrupts it. */
export function ioctl(fd: number, request: number, data: Uint8Array, name: string): number {
  return uninterrupted(name, () => libc().ioctlData(fd, request, data))
}

/** ioctl whose argument is a number or absent. Made again when a signal interrupts it. */
export function ioctlValue(fd: number, request: number, value: number, name: string): number {
  return uninterrupted(name, () => libc().ioctlValue(fd, request, value))
}

/** ioctl without argument that tells its errno instead of throwing: 0, or the errno. For the run loop. */
export function ioctlErrno(fd: number, request: number): number {
  return libc().ioctlValue(fd, request, 0) === -1 ? koffi.errno() : 0
}

// <asm-generic/mman-common.h>
const PROT_READ_WRITE = 1 | 2
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
const MADV_DONTNEED = 4
const MADV_DONTFORK = 10
const MADV_HUGEPAGE = 14
const hugePage = 2 * 1024 * 1024

/** Maps a file, shared, for reading and writing. Returns the address in this process. */
export function mapShared(fd: number, length: number): Address {
  const address = libc().mmap(0, length, PROT_READ_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0)
  if (address === -1) throw new SystemCallError('mmap', koffi.errno())
  return address
}

/**
 * Memory of this process alone: zero, taking no room until it is touched, by huge pages where the host has them, and
 * not inherited by child processes, for whom the host would have to keep track of every page written.
 * Returns its address, a multiple of 2 MiB.
 */
export function mapAnonymous(length: number): Address {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
  const whole = length + hugePage
  const found = libc().mmap(0, whole, PROT_READ_WRITE, flags, -1, 0)
  if (found === -1) throw new SystemCallError('mmap', koffi.errno())
  const start = Math.ceil(found / hugePage) * hugePage
  if (start > found) unmap(found, start - found)
  if (found + whole > start + length) unmap(start + length, found + whole - start - length)
  checked('madvise', libc().madvise(start, length, MADV_DONTFORK))
  // A kernel without huge pages does not know this advice.
  libc().madvise(start, length, MADV_HUGEPAGE)
  return start
}

/** Gives whole pages of anonymous memory back to the host; they read as zero afterwards. */
export function releaseMemory(address: Address, length: number): void {
  checked('madvise', libc().madvise(address, length, MADV_DONTNEED))
}

/** The mapping must not be touched again through any view of it. */
export function unmap(address: Address, length: number): void {
  checked('munmap', libc().munmap(address, length))
}

/**
 * Memory of this process as a buffer, not copied; at most 4 GiB - 1, for Node's ArrayBuffers end there.
 * It must not be used after the memory is unmapped.
 */
export function viewMemory(address: Address, length: number): ArrayBuffer {
  return koffi.view(BigInt(address), length)
}

// <linux/falloc.h>
const FALLOC_FL_KEEP_SIZE = 1
const FALLOC_FL_PUNCH_HOLE = 2

/** Gives a range of a file back; it reads as zero afterwards. */
export function punchHole(fd: number, offset: number, length: number): void {
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
  uninterrupted('fallocate', () => libc().fallocate(fd, mode, offset, length))
}

// <sys/eventfd.h>
const EFD_NONBLOCK = 0o4000
const EFD_CLOEXEC = 0o2000000

export function createEventDescriptor(): number {
  return checked('eventfd', libc().eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
}

const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])
const counter = new Uint8Array(8)

/** Adds one to an eventfd. A counter about to overflow stays where it is: its reader has been told. */
export function signalEvent(fd: number): void {
  if (libc().write(fd, one, 8) === -1 && koffi.errno() !== koffi.os.errno.EAGAIN) {
    throw new SystemCallError('write', koffi.errno())
  }
}

/** Takes what an eventfd has counted, so that it is no longer readable; false when that was nothing. */
export function drainEvent(fd: number): boolean {
  if (libc().read(fd, counter, 8) !== -1) return true
  if (koffi.errno() === koffi.os.errno.EAGAIN) return false
  throw new SystemCallError('read', koffi.errno())
}

export function threadId(): number {
  return libc().gettid()
}

/** Sends a signal to one thread of this process; false when the thread has ended. */
export function signalThread(tid: number, signal: number): boolean {
  if (libc().tgkill(process.pid, tid, signal) === 0) return true
  if (koffi.errno() === koffi.os.errno.ESRCH) return false
  throw new SystemCallError('tgkill', koffi.errno())
}

/**
 * Makes `signal` interrupt system calls and do nothing else. Its handler is the C library's `abs`: an
 * ignored signal interrupts nothing, and JavaScript cannot run in a handler.
 */
export function installInterruptingSignal(signal: number): void {
  // struct sigaction (glibc, x86-64): handler, 128 bytes of mask, flags, restorer.
  const action = new Uint8Array(152)
  new DataView(action.buffer).setBigUint64(0, libc().abs, true)
  checked('sigaction', libc().sigaction(signal, action, null))
}
