import type { Machine } from '../../manifest/index.ts'
import { usualOverhead } from '../../provider/index.ts'
import { leastMemory } from '../facts/least-memory.ts'

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
  /** For each machine of this user's that is up, beside the runs: bytes of its memory that it has not taken yet. */
  owed: readonly number[]
}

/**
 * What a run waits for: those before it, memory that other runs have, or none but machines that are up, processors;
 * null: nothing, it may start.
 */
export type Wait = 'turn' | 'memory' | 'machines' | 'processors' | null

/** What the machines of a run take together. */
export function shareOf(machines: readonly Machine[]): Share {
  return {
    memory: sum(machines.map((machine) => leastMemory(machine) + usualOverhead)),
    cpus: sum(machines.map(({ cpus }) => cpus)),
  }
}

/**
 * Whether a run may start beside the others. A guest takes its memory by and by, so each run counts with all of its
 * share, and each machine that is up with all of its memory; first come, first served, so a large one is not overtaken
 * for ever. Where nothing else has memory, it may always: what the host cannot hold at all, `up` refuses. Pure.
 */
export function whatFor(own: Share & { order: number }, others: readonly OtherRun[], host: Host): Wait {
  const running = others.filter(({ state }) => state === 'starts')
  if (others.some(({ state, order }) => state === 'waits' && order < own.order)) return 'turn'
  if (running.length === 0 && host.owed.length === 0) return null
  const owed = running.map(({ memory, taken }) => Math.max(0, memory - taken))
  const free = (host.free ?? Number.POSITIVE_INFINITY) - sum([...owed, ...host.owed])
  if (own.memory > free) return running.length === 0 ? 'machines' : 'memory'
  if (running.length === 0) return null
  const busy = sum(running.map(({ cpus }) => cpus))
  return busy + own.cpus > host.processors ? 'processors' : null
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}
