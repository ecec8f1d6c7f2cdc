import { RateLimit } from '../../../../../src/lib/async/rate-limit.ts'
import type { Limits } from '../../../../../src/provider/index.ts'

/** What all disks of a machine together may do a second. */
export interface DiskThrottle {
  /** Milliseconds until the next request may be served; 0: now. */
  wait(): number
  /** One was served that moved so many bytes. */
  served(bytes: number): void
}

/** @param now the clock, in milliseconds that never go back */
export function diskThrottle(
  limits: Limits['disk'],
  now: () => number = () => performance.now(),
): DiskThrottle {
  const requests = limits.iops === null ? null : new RateLimit(limits.iops)
  const bytes = limits.bandwidth === null ? null : new RateLimit(limits.bandwidth)
  return {
    wait: () => Math.max(requests?.wait(now()) ?? 0, bytes?.wait(now()) ?? 0),
    served(moved) {
      requests?.passed(1, now())
      bytes?.passed(moved, now())
    },
  }
}
