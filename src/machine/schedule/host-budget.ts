import { fromSystemError, isPosadaError } from '../../errors/index.ts'
import { residentMemory } from '../../lib/process/process-usage.ts'
import { machinesOnDisk, readState } from '../../project/index.ts'
import { isUp, type MachineSpec, type Provider, usualOverhead } from '../../provider/index.ts'
import { leastMemory } from '../facts/least-memory.ts'
import type { Places, Providing } from '../project.ts'
import { hostMemory } from './host-memory.ts'
import { type MemoryBudget, memoryBudget } from './memory-budget.ts'

/** The memory of this host, less what the project's running machines may still take. */
export function hostBudget(project: Places & Providing): MemoryBudget {
  return memoryBudget(async () => {
    const host = await hostMemory()
    return { host, owed: host === null ? 0 : await owedToRunning(project) }
  })
}

/** Bytes that a machine takes of the host beside its guest's memory. */
export async function overheadOf(provider: Provider, spec: MachineSpec): Promise<number> {
  return (await provider.memoryOverhead?.(spec)) ?? usualOverhead
}

async function owedToRunning(project: Places & Providing): Promise<number> {
  const names = await machinesOnDisk(project.paths)
  const owed = await Promise.all(names.map((name) => owedTo(project, name)))
  return owed.reduce((sum, bytes) => sum + bytes, 0)
}

/** A machine that nothing can be said of is owed nothing. */
async function owedTo(project: Places & Providing, name: string): Promise<number> {
  try {
    const state = await readState(project.paths.machine(name))
    if (state === null) return 0
    const provider = await project.providers.get(state.provider)
    const found = await provider.status(state.spec)
    const taken = isUp(found) && found.pid !== undefined ? await residentMemory(found.pid) : null
    if (taken === null) return 0
    return Math.max(0, leastMemory(state.spec) + (await overheadOf(provider, state.spec)) - taken)
  } catch (error) {
    if (!isPosadaError(fromSystemError(error))) throw error
    return 0
  }
}
