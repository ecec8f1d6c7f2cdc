import { constants } from 'node:fs'
import { type FileHandle, open, rm, symlink } from 'node:fs/promises'
import { sleep } from '../../src/lib/async/sleep.ts'
import { isErrno } from '../../src/lib/files/errno.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { qemuFiles } from './files.ts'
import { makeFifo } from './make-fifo.ts'

/** Milliseconds between two attempts while the guest has not taken what was typed before. */
const retry = 10

/** What QEMU opens as its console; chardev/char-pipe.c: `<path>.in` and `<path>.out`, both for reading and writing. */
export async function makeConsole(spec: MachineSpec): Promise<void> {
  const { consoleIn: typed, consoleOut: written } = qemuFiles(spec)
  await Promise.all([typed, written].map((path) => rm(path, { force: true })))
  makeFifo(typed)
  await symlink('/dev/null', written)
}

/** Implements `Provider.writeConsole`. */
export async function writeConsole(
  spec: MachineSpec,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<boolean> {
  const fifo = await openForWriting(qemuFiles(spec).consoleIn)
  if (fifo === null) return false
  try {
    for (let at = 0; at < bytes.length; ) {
      const written = await writeSome(fifo, bytes.subarray(at))
      if (written === null) return false
      at += written
      if (written === 0) await sleep(retry, signal)
    }
    return true
  } finally {
    await fifo.close()
  }
}

/** ENXIO: no one reads it, which is what a QEMU leaves that was killed (fifo(7)). */
async function openForWriting(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENXIO', 'ENOTDIR')) return null
    throw error
  }
}

/** How many bytes there was room for; null: QEMU has ended. */
async function writeSome(fifo: FileHandle, bytes: Uint8Array): Promise<number | null> {
  try {
    return (await fifo.write(bytes)).bytesWritten
  } catch (error) {
    if (isErrno(error, 'EAGAIN')) return 0
    if (isErrno(error, 'EPIPE')) return null
    throw error
  }
}
