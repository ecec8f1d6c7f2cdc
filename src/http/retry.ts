import type { Emit } from '../events/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { waitAfter } from './failure.ts'

/** Milliseconds before each further try; a part of each is random, so that many do not come back together. */
export const retryDelays = [500, 2000, 5000, 10_000]
/** A server that asks for a longer wait is not waited for. */
const longestWait = 60_000

export interface RetryOptions {
  delays?: readonly number[]
  signal: AbortSignal
  emit: Emit
}

/** Does `work`, and again after failures that may pass. The last failure is thrown. */
export async function withRetries<T>(options: RetryOptions, work: () => Promise<T>): Promise<T> {
  const delays = options.delays ?? retryDelays
  for (let failures = 0; ; failures++)
    try {
      return await work()
    } catch (error) {
      await pauseAfter(error, delays[failures], options)
    }
}

/** Waits before the next try, and tells so; throws the error where there is to be none (`delay` is undefined). */
export async function pauseAfter(
  error: unknown,
  delay: number | undefined,
  { signal, emit }: RetryOptions,
): Promise<void> {
  const asked = waitAfter(error)
  if (asked === null || delay === undefined || asked > longestWait) throw error
  const wait = Math.max(asked, delay * (0.75 + Math.random() / 2))
  const message = `${error instanceof Error ? error.message : String(error)}; trying again`
  emit({ type: 'notice', level: 'warn', message })
  await sleep(wait, signal)
}
