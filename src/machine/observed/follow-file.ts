import { type FileHandle, open } from 'node:fs/promises'
import { sleep } from '../../lib/async/sleep.ts'
import { isErrno } from '../../lib/files/errno.ts'

export interface FollowOptions {
  /** The offset to begin at. */
  from: number
  /** Milliseconds between two looks. */
  every: number
  /** May take its time. */
  onBytes: (bytes: Buffer) => void | Promise<void>
  /** Asked before each look whether it is the last one. */
  isOver?: () => boolean
  signal: AbortSignal
}

const chunk = 64 * 1024

/**
 * Hands over what is appended to a file, until `isOver`; rejects with the signal's reason. A file that was replaced or
 * cut is read from its beginning, one that is missing is waited for.
 */
export async function followFile(path: string, options: FollowOptions): Promise<void> {
  const { every, onBytes, isOver = () => false, signal } = options
  let offset = options.from
  let inode: number | undefined
  for (;;) {
    const last = isOver()
    const file = await openIfThere(path)
    if (file !== null) {
      try {
        const found = await file.stat()
        if (found.size < offset || (inode !== undefined && inode !== found.ino)) offset = 0
        inode = found.ino
        for (;;) {
          const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(chunk), position: offset })
          if (bytesRead === 0) break
          offset += bytesRead
          await onBytes(buffer.subarray(0, bytesRead))
          signal.throwIfAborted()
        }
      } finally {
        await file.close()
      }
    }
    if (last) return
    await sleep(every, signal)
  }
}

/** How large a file is; null where there is none. */
export async function sizeOf(path: string): Promise<number | null> {
  const file = await openIfThere(path)
  if (file === null) return null
  try {
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}
