import { constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../lib/async/sleep.ts'
import { isErrno } from '../lib/files/errno.ts'
import { namesIn } from '../lib/files/folders.ts'
import { bounds, type LoggedEvent, numberOf, parseLine } from './model.ts'

export interface FollowLogOptions {
  /** How many of the last bytes of each file to begin with: 0 for what comes from now on. */
  past: number
  /** Whether to go on until the signal; else it ends with what is there. */
  follow: boolean
  /** May take its time. */
  onEvent: (event: LoggedEvent) => void | Promise<void>
  signal: AbortSignal
}

/** Milliseconds between two looks: two files are asked for their sizes. */
const every = 250
const chunk = 64 * 1024

/** Where reading has come to in a file, and the line that has no end yet. */
interface Mark {
  offset: number
  rest: Buffer
}

/**
 * Hands over what processes of this user tell, in the order of the log. Lines that make no sense or are longer than any
 * that is written are passed over. Rejects with the signal's reason.
 */
export async function followLog(folder: string, options: FollowLogOptions): Promise<void> {
  const { past, follow, onEvent, signal } = options
  let marks = new Map<number, Mark>()
  let first = true
  for (;;) {
    const numbers = (await namesIn(folder)).flatMap((name) => numberOf(name) ?? []).sort((a, b) => a - b)
    const kept = new Map(numbers.map((number) => [number, marks.get(number) ?? { offset: 0, rest: empty }]))
    marks = kept
    for (const [number, mark] of kept) {
      const path = join(folder, `${number}.jsonl`)
      // The line that it begins in has no beginning, and makes no sense.
      if (first) mark.offset = Math.max(0, (await sizeOf(path)) - past)
      await readOn(path, { mark, onEvent, signal })
    }
    first = false
    if (!follow) return
    await sleep(every, signal)
  }
}

const empty = Buffer.alloc(0)

interface Reading extends Pick<FollowLogOptions, 'onEvent' | 'signal'> {
  mark: Mark
}

/** Reads a file from its mark to its end. */
async function readOn(path: string, { mark, onEvent, signal }: Reading): Promise<void> {
  const size = await sizeOf(path)
  const file = mark.offset < size ? await openIfThere(path) : null
  if (file === null) return
  try {
    while (mark.offset < size) {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(chunk), position: mark.offset })
      if (bytesRead === 0) return
      mark.offset += bytesRead
      for (const line of linesOf(mark, buffer.subarray(0, bytesRead))) {
        const event = parseLine(line)
        if (event !== null) await onEvent(event)
        signal.throwIfAborted()
      }
    }
  } finally {
    await file.close()
  }
}

/** The lines that end in these bytes. */
function linesOf(mark: Mark, bytes: Buffer): string[] {
  const all = Buffer.concat([mark.rest, bytes])
  const end = all.lastIndexOf(10)
  mark.rest = all.length - end > bounds.line ? empty : all.subarray(end + 1)
  return end === -1 ? [] : all.subarray(0, end).toString('utf8').split('\n')
}

/** 0 where it was removed meanwhile, or is not a file. */
async function sizeOf(path: string): Promise<number> {
  try {
    const found = await lstat(path)
    return found.isFile() ? found.size : 0
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}

/** Null too where it was removed meanwhile. */
async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP')) return null
    throw error
  }
}
