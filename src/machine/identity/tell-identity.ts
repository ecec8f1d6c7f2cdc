import { within } from '../../lib/async/time-limit.ts'
import { hearGuest, type OpenReady } from '../guest/hear-guest.ts'
import { timeNow } from '../guest/time-now.ts'

/** Milliseconds for a guest to become another machine: emulated, on a busy host, it took most of a minute. */
const patience = 180_000
/** It says nothing while it works; whoever leaves meanwhile has it do so again. */
const silence = 30_000

export interface NewIdentity {
  /** See MachineCopy. */
  token: string
  hostName: string
  /** 32 bytes of randomness. */
  seed: Buffer
  /** Of its NICs, in their order. */
  macs: readonly string[]
}

/**
 * Tells a guest over its ready channel that it is a machine of its own from now on, and then the time, as none has passed for
 * it since it was saved. Returns its new host key as a line of OpenSSH's, `TYPE BASE64`, once all of it is so; null: it takes
 * no such thing, or not in time.
 */
export async function tellIdentity(
  open: OpenReady,
  { token, hostName, seed, macs }: NewIdentity,
  { signal, limit = patience }: { signal: AbortSignal; limit?: number },
): Promise<string | null> {
  const stop = new AbortController()
  const greeting = ['identity', token, hostName, seed.toString('hex'), ...macs, 'end'].join(' ')
  let isAsked = false
  let hostKey: string | undefined
  const hear = (line: string, say: (line: string) => void): string | null | undefined => {
    const [word, said, type, key] = line.split(' ')
    if (word === 'identity' && said === token && type !== undefined && key !== undefined) {
      hostKey = `${type} ${key}`
      say(timeNow())
    }
    if (line === 'clock' && hostKey !== undefined) return hostKey
    if (word === 'identity?') isAsked = true
    // Guests that take an identity ask for it before each `ready`.
    return word === 'ready' && !isAsked ? null : undefined
  }
  const heard = hearGuest(open, { signal: AbortSignal.any([signal, stop.signal]), hear, greeting, silence })
  try {
    return await within({ limit, late: () => null, signal }, heard)
  } finally {
    stop.abort()
  }
}
