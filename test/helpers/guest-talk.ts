import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a Unix socket or a port says first; an empty text when it hangs up without a word. */
export function firstWords(
  to: { path: string } | { port: number; host: string },
  options: { say?: string; limit: number },
): Promise<string> {
  return wordsOn(connect(to), options)
}

/** The same of a connection that is open. */
export async function wordsOn(socket: Duplex, options: { say?: string; limit: number }): Promise<string> {
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(new Error('no answer in time'))), options.limit)
    const finish = (then: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      then()
    }
    socket.once('error', (error) => finish(() => reject(error)))
    socket.once('close', () => finish(() => resolve('')))
    socket.once('data', (bytes) => finish(() => resolve(bytes.toString())))
    if (options.say !== undefined) socket.write(options.say)
  })
}

/** Repeats `look` until it is true; fails with `what` when the limit is past. */
export async function until(what: string, limit: number, look: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + limit
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`not within ${limit / 1000} s: ${what}`)
    await sleep(100)
  }
}
