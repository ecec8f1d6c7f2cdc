import { hostMemory } from './host-memory.ts'
import { freeOf } from './memory-budget.ts'

/** Bytes that this host has free for machines now; null where that cannot be told. */
export async function freeForMachines(): Promise<number | null> {
  const host = await hostMemory()
  return host === null ? null : freeOf(host)
}
