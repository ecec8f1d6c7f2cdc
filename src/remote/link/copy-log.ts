import { constants, open, rename, stat } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { sleep } from '../../lib/async/sleep.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { readMessage, writeMessage } from '../wire/lines.ts'
import type { Watched } from './config.ts'

interface Log {
  machine: Watched
  which: 'console' | 'provider'
}

/** Milliseconds until it is tried again, where the other host has started again meanwhile. */
const retry = 2000

/** Keeps a copy of what a machine writes, as it writes it, until it is told not to. */
export async function keepCopy(
  openStream: () => Promise<Duplex>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await take(openStream, log, { follow: true, signal })
      await sleep(retry, signal)
    } catch {
      // Told to stop, or the host is out of reach: then the connection says so to whoever asks.
      if (!signal.aborted) await sleep(retry, signal).catch(() => undefined)
    }
  }
}

/** Brings the copy up to date once. A host that cannot be reached leaves it as it is. */
export async function takeRest(openStream: () => Promise<Duplex>, log: Log): Promise<void> {
  await take(openStream, log, { follow: false }).catch(() => undefined)
}

/** Each byte is written at its place: two that copy at the same time do no harm. */
async function take(
  openStream: () => Promise<Duplex>,
  { machine: { id, uuid, logs }, which }: Log,
  { follow, signal }: { follow: boolean; signal?: AbortSignal },
): Promise<void> {
  const path = logs[which]
  const stream = await openStream()
  const stop = () => stream.destroy()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const has = await sizeOf(path)
    writeMessage(stream, { do: 'log', machine: { id, uuid }, which, from: has, follow })
    const answer = await readMessage(stream)
    if (typeof answer?.from !== 'number') return
    // A new one was begun there, as a start does where it is long.
    if (answer.from < has) await rename(path, `${path}.1`)
    const copy = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600)
    try {
      let at = answer.from
      for await (const bytes of stream as AsyncIterable<Buffer>) {
        await copy.write(bytes, 0, bytes.length, at)
        at += bytes.length
      }
    } finally {
      await copy.close()
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    stream.destroy()
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 0
    throw error
  }
}
