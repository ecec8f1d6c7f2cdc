import { closeSync, fchmodSync, futimesSync, openSync, writeFileSync } from 'node:fs'
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
export async function writeFile(path: string | Buffer, content: Content): Promise<void> {
  const pieces = content.pieces[Symbol.asyncIterator]()
  let parts = await gather(pieces, content.progress)
  if (lengthOf(parts) < gathered) return writeAtOnce(path, parts, content)
  const file = await open(path, 'wx', 0o600)
  try {
    for (let offset = 0; parts.length > 0; parts = await gather(pieces, content.progress)) {
      await writeAll(file, parts, offset)
      offset += lengthOf(parts)
    }
    await file.chmod(content.mode)
    await file.utimes(content.time, content.time)
  } finally {
    await file.close()
  }
}

/** What is small: Node's threads would take ten times as long as the system, for thousands of them. */
function writeAtOnce(path: string | Buffer, parts: readonly Uint8Array[], { mode, time }: Content): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, Buffer.concat(parts))
    fchmodSync(file, mode)
    futimesSync(file, time, time)
  } finally {
    closeSync(file)
  }
}

/** The next pieces, as many as are written at once; fewer at the end. */
async function gather(pieces: AsyncIterator<Piece>, progress: Progress): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = []
  for (let length = 0; length < gathered; ) {
    const next = await pieces.next()
    if (next.done === true) break
    const { bytes } = next.value
    parts.push(bytes)
    length += bytes.length
    progress.add(bytes.length)
  }
  return parts
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((length, part) => length + part.length, 0)
}
