import { PosadaError } from '../../errors/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { Machine } from '../../manifest/index.ts'
import { usualOverhead } from '../../provider/index.ts'
import { leastMemory } from '../facts/least-memory.ts'
import type { HostMemory } from './host-memory.ts'

/** Part of the host's memory that stays free for everything else, and the most that this comes to. */
const margin = { part: 0.05, most: 2 ** 30 }

/** Admits machines for as long as the host has memory for all of each. */
export interface MemoryBudget {
  /**
   * Sets a machine's memory aside, and `overhead` bytes for its hypervisor; E_MEMORY_SHORT where they do not fit beside
   * what is set aside for others. Asked again for the same machine, now that its provider is known, it replaces the first.
   */
  admit(config: Machine, overhead?: number): Promise<void>
  /** Gives back what was set aside for a machine that did not come to run. */
  giveBack(name: string): void
}

/**
 * A guest's memory is taken by and by, so what the host has free now says too much: a machine counts
 * with all that it is sure to have (of a range, `min`) from its start, and so do those of the project that run already.
 * `look` is asked once, before the first machine: what the host has, null where that is not known,
 * and how much of their memory running machines have not taken yet. A machine that would be the
 * project's only one is the user's own to judge: it is refused only where the host could never hold it.
 */
export function memoryBudget(look: () => Promise<{ host: HostMemory | null; owed: number }>): MemoryBudget {
  let found: Promise<{ free: number; alone: number }> | undefined
  const shares = new Map<string, number>()
  const begin = async () => {
    const { host, owed } = await look()
    if (host === null) return { free: Number.POSITIVE_INFINITY, alone: Number.POSITIVE_INFINITY }
    const free = freeOf(host) - owed
    return { free, alone: owed === 0 ? host.total : free }
  }
  return {
    async admit(config, overhead = usualOverhead) {
      found ??= begin()
      const { free, alone } = await found
      const given = [...shares].reduce((sum, [name, share]) => (name === config.name ? sum : sum + share), 0)
      const room = (given === 0 ? Math.max(free, alone) : free) - given - overhead
      if (leastMemory(config) > room) throw memoryShort(config, room)
      shares.set(config.name, leastMemory(config) + overhead)
    },
    giveBack: (name) => void shares.delete(name),
  }
}

/** What machines may take of the memory that is available, before anything is set aside. Pure. */
export function freeOf({ available, total }: HostMemory): number {
  return available - Math.min(total * margin.part, margin.most)
}

function memoryShort(config: Machine, room: number): PosadaError {
  const left = room > 0 ? formatSize(room) : 'nothing'
  const message = `not enough memory for machine ${config.name}: it needs ${formatSize(leastMemory(config))}, ${left} is free`
  return new PosadaError('E_MEMORY_SHORT', message, {
    value: formatSize(leastMemory(config)),
    place: config.place('memory'),
    machine: config.name,
    hint: 'lower memory:, or halt other machines (posada list shows them)',
  })
}
