import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { PosadaError } from '../../../src/errors/index.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'

/** A kernel or initrd, open for reading. Its content is not to be trusted. */
export interface ImageFile {
  readonly path: string
  readonly size: number
  /** Up to `length` bytes from `offset` on; fewer where the file ends. */
  read(offset: number, length: number): Uint8Array
  /** Copies a range of it into guest memory, which must be RAM there. What a file that ends early lacks stays as it is. */
  load(memory: GuestMemory, gpa: number, range: { offset: number; length: number }): void
  close(): void
}

/** @throws PosadaError E_KERNEL_INVALID when there is no such file; the system's error when it cannot be read */
export function openImage(path: string): ImageFile {
  // Looked at before it is opened, for opening a named pipe waits for its other end.
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isFile()) {
    const message = stat === undefined ? `${path} does not exist` : `${path} is not a regular file`
    throw new PosadaError('E_KERNEL_INVALID', message, { value: path })
  }
  const fd = openSync(path, 'r')
  return {
    path,
    size: stat.size,
    read(offset, length) {
      const data = new Uint8Array(length)
      return data.subarray(0, readFully(fd, data, offset))
    },
    load(memory, gpa, { offset, length }) {
      const pieces = memory.pieces(gpa, length)
      if (pieces === null) throw new Error(`${length} bytes from 0x${gpa.toString(16)} on are not RAM`)
      let at = offset
      for (const piece of pieces) at += readFully(fd, piece, at)
    },
    close: () => closeSync(fd),
  }
}

function readFully(fd: number, data: Uint8Array, offset: number): number {
  let done = 0
  while (done < data.length) {
    const count = readSync(fd, data, done, data.length - done, offset + done)
    if (count === 0) break
    done += count
  }
  return done
}
