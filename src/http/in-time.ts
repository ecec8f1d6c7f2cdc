/** Thrown by `inTime`. */
export const tooLate = new Error('no answer in time')

/**
 * The library tries for ever where a proxy hangs up on each attempt, and notes an interruption only once
 * it is connected; neither is waited for.
 */
export async function inTime<T>(asked: Promise<T>, milliseconds: number, signal: AbortSignal): Promise<T> {
  asked.catch(() => undefined)
  const { promise, reject } = withRejecter()
  const timer = setTimeout(() => reject(tooLate), milliseconds)
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([asked, promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

function withRejecter(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<never>((_, no) => {
    reject = no
  })
  return { promise, reject }
}
