import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'

/** Where a capture is written: for a reader of standard output, or into a file. */
export interface CaptureFile {
  /** Null for standard output. */
  path: string | null
  /** Resolves when more can be written. */
  write(bytes: Buffer): Promise<void>
  close(): Promise<void>
}

/**
 * A file is made with the first write, so that a capture that cannot begin replaces none. It is written in place,
 * to be read while it grows, and only by its owner.
 *
 * @param path `-` for standard output @throws PosadaError E_USAGE where that is a terminal, or from `write`
 */
export function captureFile(path: string): CaptureFile {
  if (path !== '-') return inFile(path)
  if (!process.stdout.isTTY) return { path: null, write: toStdout, close: async () => undefined }
  throw new PosadaError('E_USAGE', 'a capture is nothing for a terminal to show', {
    hint: 'write it into a file with --write FILE, or pipe it into a reader: | wireshark -k -i -',
  })
}

function inFile(path: string): CaptureFile {
  let stream: WriteStream | null = null
  return {
    path,
    async write(bytes) {
      stream ??= await open(path)
      const file = stream
      await new Promise<void>((resolve, reject) => {
        file.write(bytes, (error) => (error ? reject(error) : resolve()))
      })
    },
    async close() {
      stream?.end()
      if (stream !== null) await finished(stream)
    },
  }
}

async function open(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path, { mode: 0o600 })
  try {
    await once(stream, 'open')
    return stream
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG')) throw error
    throw new PosadaError('E_USAGE', `the file for the capture cannot be made (${error.code})`, {
      value: path,
      cause: error,
    })
  }
}

/** A reader that went away is seen to elsewhere: the work is then interrupted. */
function toStdout(bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(bytes, () => resolve())
  })
}
