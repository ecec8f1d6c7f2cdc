import { libc } from './libc.ts'
import { checked, uninterrupted } from './system-call-error.ts'

// <asm-generic/fcntl.h>
const O_RDWR = 0o2
const O_CLOEXEC = 0o2000000

/** Opens for reading and writing, closed on exec. */
export function openDevice(path: string): number {
  return uninterrupted('open', () => libc().open(path, O_RDWR | O_CLOEXEC), path)
}

/** Makes `fd` lead to where `source` does, at once: it is at no moment free for another file. */
export function replaceDescriptor(fd: number, source: number): void {
  uninterrupted('dup2', () => libc().dup2(source, fd))
}

export function closeDescriptor(fd: number): void {
  checked('close', libc().close(fd))
}

// <linux/falloc.h>
const FALLOC_FL_KEEP_SIZE = 1
const FALLOC_FL_PUNCH_HOLE = 2

/** Gives a range of a file back; it reads as zero afterwards. */
export function punchHole(fd: number, offset: number, length: number): void {
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
  uninterrupted('fallocate', () => libc().fallocate(fd, mode, offset, length))
}
