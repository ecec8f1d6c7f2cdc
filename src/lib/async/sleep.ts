import { setTimeout as timer } from 'node:timers/promises'

/** Waits so many milliseconds. Aborted, it throws the signal's own reason, not an AbortError. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await timer(milliseconds, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error
  }
}
