import { koffi, libc } from './libc.ts'
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

// <unistd.h>
const SEEK_DATA = 3
const SEEK_HOLE = 4

/** The ranges of a file that are not holes, in order. */
export function* dataRanges(fd: number): Generator<{ offset: number; length: number }> {
  for (let end = 0; ; ) {
    const offset = libc().lseek(fd, end, SEEK_DATA)
    if (offset === -1 && koffi.errno() === koffi.os.errno.ENXIO) return
    end = checked('lseek', offset === -1 ? -1 : libc().lseek(fd, offset, SEEK_HOLE))
    yield { offset, length: end - offset }
  }
}

// <linux/falloc.h>
const FALLOC_FL_KEEP_SIZE = 1
const FALLOC_FL_PUNCH_HOLE = 2

/** Gives a range of a file back; it reads as zero afterwards. */
export function punchHole(fd: number, offset: number, length: number): void {
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
  uninterrupted('fallocate', () => libc().fallocate(fd, mode, offset, length))
}
