import { machinesOnDisk } from '../../project/index.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'
import { status } from '../status.ts'
import { hostMemory, residentMemory } from './host-memory.ts'
import { type MemoryBudget, memoryBudget } from './memory-budget.ts'

/** The memory of this host, less what the project's running machines may still take. */
export function hostBudget(project: Declared & Places & Providing & Reporting): MemoryBudget {
  return memoryBudget(async () => {
    const host = await hostMemory()
    return { host, owed: host === null ? 0 : await owedToRunning(project) }
  })
}

async function owedToRunning(project: Declared & Places & Providing & Reporting): Promise<number> {
  const names = await machinesOnDisk(project.paths)
  const running = (await status(project, names)).filter(({ pid }) => pid !== null)
  const owed = running.map(async ({ pid, memory }) => {
    const taken = pid === null ? null : await residentMemory(pid)
    return taken === null ? 0 : Math.max(0, memory - taken)
  })
  return (await Promise.all(owed)).reduce((sum, bytes) => sum + bytes, 0)
}
