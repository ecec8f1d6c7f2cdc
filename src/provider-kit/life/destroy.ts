import { isUp, type MachineSpec } from '../../provider/index.ts'
import { removeWithLeftovers } from '../remove-file.ts'
import type { Hypervisor } from './hypervisor.ts'
import { machineStatus } from './status.ts'

/** Takes the machine's files away; the record last, so that a destroy that was cut short is not forgotten. */
export async function destroyMachine<Run extends { bootId: string }>(
  hypervisor: Hypervisor<Run>,
  spec: MachineSpec,
): Promise<void> {
  const found = await machineStatus(hypervisor, spec)
  if (isUp(found)) throw new Error(`destroy of ${spec.name}, which is ${found.state}`)
  const { record, ...files } = hypervisor.files(spec)
  const logs = hypervisor.logs(spec).flatMap(({ path }) => [path, `${path}.1`])
  const disks = spec.disks.map(({ path }) => path)
  for (const path of [...disks, ...Object.values(files), ...logs, record]) await removeWithLeftovers(path)
}
