import type { Log } from './machine-log.ts'

/** Gives back, in turn, all that a guest had which did not start. What fails is logged and keeps nothing after it. */
export async function giveBack(steps: readonly (() => Promise<void>)[], log: Log): Promise<void> {
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      log(`resources of a guest that failed to start cannot be freed: ${error}`)
    }
  }
}
