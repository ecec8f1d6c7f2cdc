/** Node's timers take this at most (signed 32 bits, 24 days); a longer one would fire at once. */
const longest = 2 ** 31 - 1

export interface Deadline {
  /** Milliseconds, never below 0. */
  left(): number
  isOver(): boolean
}

/** A moment so many milliseconds from now, by the monotonic clock: no one sets it, and it stops while the host sleeps. */
export function deadlineIn(milliseconds: number): Deadline {
  const at = performance.now() + milliseconds
  return {
    left: () => Math.max(0, at - performance.now()),
    isOver: () => performance.now() >= at,
  }
}

export interface TimeLimit<Late> {
  /** Milliseconds. */
  limit: number
  /** What it comes to when the time is over; may throw. */
  late: () => Late
  signal?: AbortSignal | undefined
}

/**
 * What `work` comes to, or `late` once it has taken longer than the limit, or the signal's reason as soon as it is
 * aborted. `work` itself goes on in the two last cases; what it comes to then is ignored.
 */
export async function within<T, Late>(
  { limit, late, signal }: TimeLimit<Late>,
  work: Promise<T>,
): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined
  let onAbort: () => void = () => undefined
  const ended = new Promise<'late'>((resolve, reject) => {
    timer = setTimeout(resolve, Math.min(limit, longest), 'late')
    onAbort = () => reject(signal?.reason)
    if (signal?.aborted === true) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
  })
  try {
    const first = await Promise.race([ended.then(() => null), work.then((value) => ({ value }))])
    return first === null ? late() : first.value
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/**
 * Gives `work` a signal that is aborted with what `late` makes once the limit is over, or with the outer signal's
 * reason, whichever comes first, and waits for its end. `limit`: null for none.
 */
export async function abortAfter<T>(
  { limit, late, signal }: Omit<TimeLimit<Error>, 'limit'> & { limit: number | null },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const control = new AbortController()
  const onAbort = () => control.abort(signal?.reason)
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer = limit === null ? undefined : setTimeout(() => control.abort(late()), Math.min(limit, longest))
  try {
    return await work(control.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
