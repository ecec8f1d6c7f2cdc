import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Emit } from '../../events/index.ts'
import { asObject } from '../../lib/values/as-object.ts'
import type { Link } from '../link/launch.ts'
import { readAnswer } from '../wire/failures.ts'
import type { KnownFile } from './digests.ts'

export interface Sending {
  link: Link
  machine: string
  emit: Emit
  signal: AbortSignal | undefined
}

/** Bytes from which on it is shown how far it has got. */
const worthTelling = 8 * 1024 * 1024

/**
 * Sends what the other host lacks of these files, which it knows by their digests: of one that was cut short, the rest.
 * Whole files only count there, checked.
 */
export async function sendFiles(files: ReadonlyMap<string, KnownFile>, sending: Sending): Promise<void> {
  for (const [path, file] of files) await sendFile(path, file, sending)
}

async function sendFile(
  path: string,
  { digest, size }: KnownFile,
  { link, machine, emit, signal }: Sending,
): Promise<void> {
  const { result, stream } = await link.open({ do: 'image', digest, size }, signal)
  try {
    const { has, from } = asObject(result)
    if (has === true) return
    let done = Number(from)
    const message = `sending ${basename(path)}`
    const count = new Transform({
      transform(bytes: Buffer, _, taken) {
        done += bytes.length
        if (size >= worthTelling)
          emit({ type: 'progress', step: 'image', message, done, total: size, unit: 'bytes', machine })
        taken(null, bytes)
      },
    })
    const source = createReadStream(path, { start: done, highWaterMark: 256 * 1024 })
    const answer = readAnswer(stream)
    // The answer comes once the other side has all of it, or will not take it.
    answer.catch(() => undefined)
    await pipeline(source, count, stream, { end: true, ...(signal === undefined ? {} : { signal }) }).catch(
      (error: unknown) => {
        if (signal?.aborted === true) throw signal.reason
        if (!(error instanceof Error && 'code' in error)) throw error
      },
    )
    await answer
  } finally {
    stream.destroy()
  }
}
