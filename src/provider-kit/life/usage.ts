import { isAlive } from '../../lib/process/process-identity.ts'
import { processUsage } from '../../lib/process/process-usage.ts'
import type { MachineSpec, Usage } from '../../provider/index.ts'
import type { Hypervisor } from './hypervisor.ts'

/** What a machine's processes take, and what its devices have done; null where it does not run or does not answer. */
export async function machineUsage<Run extends { bootId: string }>(
  hypervisor: Hypervisor<Run>,
  spec: MachineSpec,
): Promise<Usage | null> {
  const record = await hypervisor.readRecord(spec)
  const found = await hypervisor.find(spec, record, { thorough: false })
  if (found === null) return null
  const [own, counters] = await Promise.all([processUsage(found.pid), hypervisor.counters(spec)])
  if (own === null || counters === null || !(await isAlive(found))) return null
  const { helper = { cpu: 0, memory: 0 }, ...devices } = counters
  return { ...devices, cpu: own.cpu + helper.cpu, memory: own.memory + helper.memory }
}
