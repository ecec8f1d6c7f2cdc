import { open, stat } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { sleep } from '../../lib/async/sleep.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { UserPaths } from '../../project/index.ts'
import { writeMessage } from '../wire/lines.ts'
import type { SentMachine } from '../wire/sent-spec.ts'
import { HostedMachines } from './machines.ts'

/** Milliseconds between two looks at what was written. */
const every = 100
const chunk = 64 * 1024

/**
 * Sends what stands in a log of a machine from a place on, and where it is followed what comes, until a new log is begun
 * or the other side has gone. Before it says where it begins: 0 in place of what the log does not have any more.
 */
export async function sendLog(
  stream: Duplex,
  { user, signal }: { user: UserPaths; signal: AbortSignal },
  { machine, request }: { machine: SentMachine; request: Record<string, unknown> },
): Promise<void> {
  const path = await new HostedMachines(user).log(machine, request.which)
  const has = Number(request.from)
  const begins = path === null ? null : await look(path)
  const from = begins === null || begins.size >= has ? has : 0
  writeMessage(stream, { from })
  for (let at = from; path !== null; ) {
    const now = await look(path)
    if (now !== null && now.size < at) break
    if (now !== null && begins !== null && now.inode !== begins.inode) break
    if (now !== null && now.size > at) at = await send(stream, path, { at, signal })
    if (request.follow !== true) break
    await sleep(every, signal)
  }
  stream.end()
}

async function send(
  stream: Duplex,
  path: string,
  { at: from, signal }: { at: number; signal: AbortSignal },
): Promise<number> {
  const file = await open(path, 'r')
  try {
    for (let at = from; ; ) {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(chunk), position: at })
      if (bytesRead === 0) return at
      at += bytesRead
      signal.throwIfAborted()
      await new Promise<void>((resolve) => stream.write(buffer.subarray(0, bytesRead), () => resolve()))
    }
  } finally {
    await file.close()
  }
}

async function look(path: string): Promise<{ size: number; inode: number } | null> {
  try {
    const { size, ino: inode } = await stat(path)
    return { size, inode }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}
