import { type Address, koffi, libc } from './libc.ts'
import { checked } from './system-call-error.ts'

// <asm-generic/mman-common.h>
const PROT_READ_WRITE = 1 | 2
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
const MADV_DONTNEED = 4
const MADV_DONTFORK = 10
const MADV_DONTDUMP = 16
const MADV_HUGEPAGE = 14
const hugePage = 2 * 1024 * 1024

/** Maps a file, shared, for reading and writing. Returns the address in this process. */
export function mapShared(fd: number, length: number): Address {
  const flags = MAP_SHARED | MAP_NORESERVE
  return checked('mmap', libc().mmap(0, length, PROT_READ_WRITE, flags, fd, 0))
}

/**
 * Memory of this process alone: zero, taking no room until it is touched, by huge pages where the host has them, not in
 * core dumps, and not inherited by child processes, for whom the host would have to keep track of every page written.
 * Returns its address, a multiple of 2 MiB.
 */
export function mapAnonymous(length: number): Address {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
  const whole = length + hugePage
  const found = checked('mmap', libc().mmap(0, whole, PROT_READ_WRITE, flags, -1, 0))
  const start = Math.ceil(found / hugePage) * hugePage
  if (start > found) unmap(found, start - found)
  if (found + whole > start + length) unmap(start + length, found + whole - start - length)
  adviseAsRam(start, length)
  return start
}

/** What `use` makes of some zero bytes whose address is known, as structures with pointers need; they are gone afterwards. */
export function withScratch<T>(length: number, use: (address: Address, bytes: Buffer) => T): T {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS
  const address = checked('mmap', libc().mmap(0, length, PROT_READ_WRITE, flags, -1, 0))
  try {
    return use(address, Buffer.from(viewMemory(address, length)))
  } finally {
    unmap(address, length)
  }
}

const MFD_CLOEXEC = 1

/** A file that lives in memory only (memfd_create(2)), of `size` zero bytes that take no room until they are touched. */
export function createMemoryFile(name: string, size: number): number {
  const fd = checked('memfd_create', libc().memfd(name, MFD_CLOEXEC))
  checked('ftruncate', libc().ftruncate(fd, size))
  return fd
}

/** Maps all of a memory file, shared, at a multiple of 2 MiB, for huge pages; not inherited by child processes. */
export function mapMemoryFile(fd: number, length: number): Address {
  const start = mapAnonymous(length)
  const flags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE
  checked('mmap', libc().mmap(start, length, PROT_READ_WRITE, flags, fd, 0))
  adviseAsRam(start, length)
  return start
}

/**
 * Maps a part of a file, from the boundary of a page on, at a multiple of 2 MiB: what is written stays in this process, and
 * what was not written is the file's.
 */
export function mapPrivately(fd: number, offset: number, length: number): Address {
  const start = mapAnonymous(length)
  const flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE
  checked('mmap', libc().mmap(start, length, PROT_READ_WRITE, flags, fd, offset))
  adviseAsRam(start, length)
  return start
}

/** Puts zero bytes that take no room in the place of whole pages. */
export function mapZeros(address: Address, length: number): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE
  checked('mmap', libc().mmap(address, length, PROT_READ_WRITE, flags, -1, 0))
  adviseAsRam(address, length)
}

function adviseAsRam(start: Address, length: number): void {
  checked('madvise', libc().madvise(start, length, MADV_DONTFORK))
  checked('madvise', libc().madvise(start, length, MADV_DONTDUMP))
  // A kernel without huge pages does not know this advice.
  libc().madvise(start, length, MADV_HUGEPAGE)
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
