import { within } from '../../lib/async/time-limit.ts'
import { hearGuest, type OpenReady } from '../guest/hear-guest.ts'
import { timeNow } from '../guest/time-now.ts'

/** Milliseconds for a guest to say that it takes the time, and that it has; on a busy host that takes some seconds. */
const patience = 10_000
const nudge = { after: 1000, line: 'hello' }

/**
 * Tells a guest the time over its ready channel. Such as take it say `clock?` before each `ready`, and `clock` once it is
 * set. False: this one does not, or not in time.
 */
export async function tellTime(
  open: OpenReady,
  signal: AbortSignal,
  limit: number = patience,
): Promise<boolean> {
  let isAsked = false
  const stop = new AbortController()
  const hear = (line: string, say: (line: string) => void) => {
    if (line === 'clock') return true
    if (line === 'ready') return isAsked ? undefined : false
    if (line !== 'clock?') return undefined
    isAsked = true
    say(timeNow())
    return undefined
  }
  const heard = hearGuest(open, { signal: AbortSignal.any([signal, stop.signal]), hear, nudge })
  try {
    return await within({ limit, late: () => false, signal }, heard)
  } finally {
    stop.abort()
  }
}
