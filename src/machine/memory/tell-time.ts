import { within } from '../../lib/async/time-limit.ts'
import { hearGuest } from '../guest/hear-guest.ts'

/** Milliseconds for a guest to say that it takes the time, and that it has; on a busy host that takes a second. */
const patience = 5000

/**
 * Tells a guest the time over its ready channel. Such as take it say `clock?` before each `ready`, and `clock` once it is
 * set. False: this one does not, or not in time.
 */
export async function tellTime(
  socket: string,
  signal: AbortSignal,
  limit: number = patience,
): Promise<boolean> {
  let isAsked = false
  const stop = new AbortController()
  const heard = hearGuest(socket, AbortSignal.any([signal, stop.signal]), (line, say) => {
    if (line === 'clock') return true
    if (line === 'ready') return isAsked ? undefined : false
    if (line !== 'clock?' || isAsked) return undefined
    isAsked = true
    say(`clock ${(Date.now() / 1000).toFixed(3)}`)
    return undefined
  })
  try {
    return await within({ limit, late: () => false, signal }, heard)
  } finally {
    stop.abort()
  }
}
