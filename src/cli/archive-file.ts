import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fromSystemError, PosadaError } from '../errors/index.ts'
import { writeAll } from '../lib/files/write-all.ts'
import { flushFolder } from '../lib/files/write-file.ts'

/**
 * Writes an exported project for its owner only, whole or not at all: it has its name once all of it is on the disk. To
 * standard output it goes as it comes. E_USAGE where that is a terminal.
 *
 * @param path `-` for standard output
 */
export async function writeArchiveTo(
  path: string,
  archive: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  if (path === '-') return toStdout(archive, signal)
  const part = `${path}.part`
  try {
    await rm(part, { force: true })
    const file = await open(part, 'wx', 0o600)
    try {
      let at = 0
      for await (const chunk of archive) {
        signal.throwIfAborted()
        await writeAll(file, [chunk], at)
        at += chunk.length
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, path)
    await flushFolder(dirname(resolve(path)))
  } catch (error) {
    await rm(part, { force: true })
    throw fromSystemError(error)
  }
}

async function toStdout(archive: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  if (process.stdout.isTTY)
    throw new PosadaError('E_USAGE', 'an exported project is nothing for a terminal to show', {
      hint: 'write it into a file: posada export FILE; or pipe it: posada export - | ssh HOST posada import -',
    })
  for await (const chunk of archive) {
    signal.throwIfAborted()
    // A reader that went away is seen to elsewhere: the work is then interrupted.
    await new Promise<void>((done) => process.stdout.write(chunk, () => done()))
  }
}

/** The bytes of a file, or of standard input: `-`. E_USAGE where that is a terminal. */
export function archiveFrom(path: string): AsyncIterable<Uint8Array> {
  if (path !== '-') return createReadStream(path, { highWaterMark: 2 ** 20 })
  if (!process.stdin.isTTY) return process.stdin
  throw new PosadaError('E_USAGE', 'standard input is a terminal', {
    value: '-',
    hint: 'name the file: posada import FILE; or pipe it: ssh HOST posada export - | posada import -',
  })
}
