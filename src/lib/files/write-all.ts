import type { FileHandle } from 'node:fs/promises'

/** Writes the parts one behind the other, all of them: writev(2) may take less than it is given. */
export async function writeAll(
  file: FileHandle,
  parts: readonly Uint8Array[],
  offset: number,
): Promise<void> {
  let left = [...parts]
  for (let at = offset; left.length > 0; ) {
    const { bytesWritten } = await file.writev(left, at)
    at += bytesWritten
    left = behind(left, bytesWritten)
  }
}

/** What is left of the parts behind so many bytes. */
function behind(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  return parts.flatMap((part) => {
    const done = Math.min(skip, part.length)
    skip -= done
    return done === part.length ? [] : [part.subarray(done)]
  })
}
