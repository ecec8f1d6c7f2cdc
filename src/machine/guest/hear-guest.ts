import { createConnection } from 'node:net'
import { sleep } from '../../lib/async/sleep.ts'

/** The channel carries a word or two a line; of more than this without an end only the end is kept. */
const lineLimit = 4096
const retry = 200
/** Guests say who they are each second to any listener. */
const silence = 5000

export interface Hearing<T> {
  signal: AbortSignal
  hear: Hear<T>
  /** Said at once, each time that it is listened to. */
  greeting?: string
  /** Said to a guest that says nothing for so many milliseconds: it may not have noticed that the listener is another one. */
  nudge?: { after: number; line: string }
}

/** What is made of a line; undefined: the next one is waited for. `say` answers with a line. */
type Hear<T> = (line: string, say: (line: string) => void) => T | undefined

/**
 * Listens on a guest's ready channel until `hear` has what it waits for; connects again when the socket is not there, is
 * closed, or nothing comes: where a listener left just as the guest wrote, QEMU 7.2 at times holds back all that the
 * guest says to the next one.
 */
export async function hearGuest<T>(path: string, hearing: Hearing<T>): Promise<T> {
  for (;;) {
    const came = await listenOnce(path, hearing)
    if (typeof came === 'object') return came.heard
    // What a guest says while no one listens is lost, and it says it again only after a second.
    if (came === 'gone') await sleep(retry, hearing.signal)
  }
}

function listenOnce<T>(
  path: string,
  { signal, hear, greeting, nudge }: Hearing<T>,
): Promise<{ heard: T } | 'silence' | 'gone'> {
  return new Promise((resolve) => {
    let text = ''
    const socket = createConnection({ path, signal })
    if (greeting !== undefined) socket.write(`${greeting}\n`)
    const timer = nudge && setTimeout(() => socket.write(`${nudge.line}\n`), nudge.after)
    const end = (came: { heard: T } | 'silence' | 'gone') => {
      clearTimeout(timer)
      socket.destroy()
      resolve(came)
    }
    socket.setEncoding('utf8')
    socket.setTimeout(silence, () => end('silence'))
    socket.on('data', (chunk: string) => {
      clearTimeout(timer)
      const lines = (text + chunk).split('\n')
      text = (lines.pop() ?? '').slice(-lineLimit)
      for (const line of lines) {
        const heard = hear(line.trimEnd(), (answer) => socket.write(`${answer}\n`))
        if (heard !== undefined) return end({ heard })
      }
    })
    socket.on('error', () => end('gone')) // not there yet, or aborted: the pause before the next try then ends it
    socket.on('close', () => end('gone'))
  })
}
