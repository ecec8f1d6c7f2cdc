import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import { asObject } from '../../lib/values/as-object.ts'

/** Bytes of one line at most: the spec of a machine, with a seed's or a key's command line, has some 10 KiB. */
const longest = 1024 * 1024
const lineFeed = 10

/**
 * The next line of a stream, as the object that it has to be; what follows stays in the stream. Null: it ended before, or
 * that is not what it said. Errors of the stream count as its end.
 */
export async function readMessage(stream: Readable): Promise<Record<string, unknown> | null> {
  const line = await readLine(stream)
  if (line === null) return null
  try {
    return asObject(JSON.parse(line))
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

export function writeMessage(stream: Duplex, message: object): void {
  if (stream.writable) stream.write(`${JSON.stringify(message)}\n`)
}

async function readLine(stream: Readable): Promise<string | null> {
  const parts: Buffer[] = []
  let length = 0
  for (;;) {
    const bytes = stream.read() as Buffer | null
    if (bytes === null) {
      if (!(await untilReadable(stream))) return null
      continue
    }
    const end = bytes.indexOf(lineFeed)
    length += end === -1 ? bytes.length : end
    if (length > longest) return null
    if (end === -1) {
      parts.push(bytes)
      continue
    }
    parts.push(bytes.subarray(0, end))
    if (end + 1 < bytes.length) stream.unshift(bytes.subarray(end + 1))
    return Buffer.concat(parts).toString('utf8')
  }
}

async function untilReadable(stream: Readable): Promise<boolean> {
  if (stream.readableEnded || stream.destroyed) return false
  const stop = new AbortController()
  const { signal } = stop
  try {
    const events = ['readable', 'end', 'close'].map((event) => once(stream, event, { signal }))
    await Promise.race(events.map((event, index) => event.then(() => index)))
    for (const event of events) event.catch(() => undefined)
    return !stream.readableEnded && !stream.destroyed
  } catch {
    // An error of the stream, which is its end.
    return false
  } finally {
    stop.abort()
  }
}
