import type { Duplex } from 'node:stream'
import { isPosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'

/** The channel carries a word or two a line; of more than this without an end only the end is kept. */
const lineLimit = 4096
const retry = 200
/** Milliseconds: guests say who they are each second to any listener. */
const usualSilence = 5000

export interface Hearing<T> {
  signal: AbortSignal
  hear: Hear<T>
  /** Said at once, each time that it is listened to. */
  greeting?: string
  /** Milliseconds of silence after which it is listened to afresh, where the guest has much to do before it answers. */
  silence?: number
  /** Said to a guest that says nothing for so many milliseconds: it may not have noticed that the listener is another one. */
  nudge?: { after: number; line: string }
}

/** Opens a guest's ready channel: a method of its provider, with its spec. */
export type OpenReady = (signal: AbortSignal) => Promise<Duplex>

/** What is made of a line; undefined: the next one is waited for. `say` answers with a line. */
type Hear<T> = (line: string, say: (line: string) => void) => T | undefined

/**
 * Listens on a guest's ready channel until `hear` has what it waits for; connects again when the socket is not there, is
 * closed, or nothing comes: where a listener left just as the guest wrote, QEMU 7.2 at times holds back all that the
 * guest says to the next one.
 */
export async function hearGuest<T>(open: OpenReady, hearing: Hearing<T>): Promise<T> {
  for (;;) {
    const came = await listenOnce(open, hearing)
    if (typeof came === 'object') return came.heard
    // What a guest says while no one listens is lost, and it says it again only after a second.
    if (came === 'gone') await sleep(retry, hearing.signal)
  }
}

async function listenOnce<T>(
  open: OpenReady,
  hearing: Hearing<T>,
): Promise<{ heard: T } | 'silence' | 'gone'> {
  let channel: Duplex
  try {
    channel = await open(hearing.signal)
  } catch (error) {
    if (isPosadaError(error)) throw error
    // Not there yet, or aborted: the pause before the next try then ends it.
    return 'gone'
  }
  return listenTo(channel, hearing)
}

function listenTo<T>(
  channel: Duplex,
  { signal, hear, greeting, silence = usualSilence, nudge }: Hearing<T>,
): Promise<{ heard: T } | 'silence' | 'gone'> {
  return new Promise((resolve) => {
    let text = ''
    if (greeting !== undefined) channel.write(`${greeting}\n`)
    const timer = nudge && setTimeout(() => channel.write(`${nudge.line}\n`), nudge.after)
    const quiet = setTimeout(() => end('silence'), silence)
    const onAbort = () => end('gone')
    const end = (came: { heard: T } | 'silence' | 'gone') => {
      clearTimeout(timer)
      clearTimeout(quiet)
      signal.removeEventListener('abort', onAbort)
      channel.destroy()
      resolve(came)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    channel.setEncoding('utf8')
    channel.on('data', (chunk: string) => {
      clearTimeout(timer)
      quiet.refresh()
      const lines = (text + chunk).split('\n')
      text = (lines.pop() ?? '').slice(-lineLimit)
      for (const line of lines) {
        const heard = hear(line.trimEnd(), (answer) => channel.write(`${answer}\n`))
        if (heard !== undefined) return end({ heard })
      }
    })
    channel.on('error', () => end('gone'))
    channel.on('close', () => end('gone'))
    if (signal.aborted || channel.destroyed) end('gone')
  })
}
