import { PassThrough, Writable } from 'node:stream'
import { ByteReader } from '../../lib/tar/byte-reader.ts'
import { exec } from '../exec.ts'
import type { RemoteCommand } from '../remote-command.ts'
import type { GuestShells } from '../session.ts'

/** Bytes of what a program says of its failures that are looked at. */
const talk = 64 * 1024

export interface Receiving {
  command: RemoteCommand
  signal: AbortSignal | undefined
  /** What the end of a command with such a code means, from what it said; null: all is well. */
  explain: (code: number, said: string) => Error | null
}

/**
 * Has `take` read what a command writes, as it comes, and stops the command where that fails. What the command itself
 * failed of is thrown before what was wrong with what it wrote.
 */
export async function receive<T>(
  session: GuestShells,
  { command, signal, explain }: Receiving,
  take: (reader: ByteReader) => Promise<T>,
): Promise<T> {
  const stdout = new PassThrough({ highWaterMark: 2 ** 20 })
  let said = ''
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (said.length < talk) said += chunk.toString('utf8')
      done()
    },
  })
  const work = exec(session, command, {
    stdout,
    stderr,
    env: { LC_ALL: 'C' },
    ...(signal === undefined ? {} : { signal }),
  })
  // Whoever reads is told.
  stdout.on('error', () => undefined)
  // Nothing may be taken for whole before its end is known to be one.
  const end = work
    .then(({ code }) => explain(code, said))
    .then(
      (failure) => (failure === null ? stdout.end() : stdout.destroy(failure)),
      (error: Error) => stdout.destroy(error),
    )
  try {
    return await take(new ByteReader(stdout))
  } catch (error) {
    // The command is stopped where its output cannot be written any more.
    stdout.destroy(error as Error)
    throw error
  } finally {
    await end
  }
}
