import type { Machine } from '../../manifest/index.ts'
import { usualOverhead } from '../../provider/index.ts'

/** What a run takes of the host: bytes with what its hypervisors need, and processors. */
export interface Share {
  memory: number
  cpus: number
}

/** A run of this user's beside the one that asks. */
export interface OtherRun extends Share {
  /** Its place in the queue. */
  order: number
  /** `starts`: its machines may be there; `waits`: it has none yet. */
  state: 'starts' | 'waits'
  /** Bytes of its share that its machines have taken already. */
  taken: number
}

export interface Host {
  /** Bytes that are free for machines; null where that cannot be told. */
  free: number | null
  processors: number
}

/** What a run waits for: those before it, memory, processors; null: nothing, it may start. */
export type Wait = 'turn' | 'memory' | 'processors' | null

/** What the machines of a run take together. */
export function shareOf(machines: readonly Machine[]): Share {
  return {
    memory: machines.reduce((sum, { memory }) => sum + memory + usualOverhead, 0),
    cpus: machines.reduce((sum, { cpus }) => sum + cpus, 0),
  }
}

/**
 * Whether a run may start beside the others. A guest takes its memory by and by, so each run counts with all of its
 * share; first come, first served, so a large one is not overtaken for ever. Where no other runs, it may always: what
 * the host cannot hold at all, `up` refuses. Pure.
 */
export function whatFor(own: Share & { order: number }, others: readonly OtherRun[], host: Host): Wait {
  const running = others.filter(({ state }) => state === 'starts')
  if (others.some(({ state, order }) => state === 'waits' && order < own.order)) return 'turn'
  if (running.length === 0) return null
  const owed = running.reduce((sum, { memory, taken }) => sum + Math.max(0, memory - taken), 0)
  if (host.free !== null && own.memory > host.free - owed) return 'memory'
  const busy = running.reduce((sum, { cpus }) => sum + cpus, 0)
  return busy + own.cpus > host.processors ? 'processors' : null
}
