import { type FileHandle, open } from 'node:fs/promises'
import { isErrno } from './errno.ts'

/**
 * The last `bytes` of a file as text, or null where there is none. `from`: nothing before this
 * offset, but in a file that ends before it, which was begun again; `end`: nothing behind. What is not
 * UTF-8 becomes U+FFFD.
 */
export async function readEnd(
  path: string,
  bytes: number,
  { from = 0, end = Number.POSITIVE_INFINITY }: { from?: number; end?: number } = {},
): Promise<string | null> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
  try {
    const size = Math.min((await file.stat()).size, end)
    const position = Math.max(0, from > size ? 0 : from, size - bytes)
    const buffer = Buffer.alloc(Math.max(0, size - position))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
