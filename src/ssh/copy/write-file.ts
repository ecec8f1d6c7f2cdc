import { open } from 'node:fs/promises'
import { writeAll } from '../../lib/files/write-all.ts'
import type { Piece } from '../../lib/tar/member-body.ts'
import type { Progress } from './options.ts'

/** A file while it is written, beside its place; what a copy left that was killed is removed by the next into that folder. */
export const temporaries = { prefix: '.posada-', suffix: '.tmp' }

/** Bytes that are written at once. */
const gathered = 512 * 1024

interface Content {
  mode: number
  /** Seconds since 1970, when it was last changed. */
  time: number
  pieces: AsyncIterable<Piece>
  progress: Progress
}

/** Writes a file that must not be there yet. */
export async function writeFile(
  path: string | Buffer,
  { mode, time, pieces, progress }: Content,
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    let parts: Uint8Array[] = []
    let [offset, length] = [0, 0]
    const write = async () => {
      await writeAll(file, parts, offset)
      parts = []
      offset += length
      length = 0
    }
    for await (const { bytes } of pieces) {
      parts.push(bytes)
      length += bytes.length
      progress.add(bytes.length)
      if (length >= gathered) await write()
    }
    await write()
    await file.chmod(mode)
    await file.utimes(time, time)
  } finally {
    await file.close()
  }
}
