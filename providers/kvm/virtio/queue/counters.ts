import type { QueueMetrics } from '../../../../src/provider/index.ts'

/** What is counted of one queue, whatever drivers come and go; a number more costs nothing next to a request. */
export type QueueCounters = Omit<QueueMetrics, 'inFlight'>

export function newCounters(): QueueCounters {
  return { kicks: 0, interrupts: 0, requests: 0, fromGuest: 0, toGuest: 0, deepest: 0, stalls: 0 }
}
