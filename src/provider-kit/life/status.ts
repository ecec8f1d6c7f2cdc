import { PosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { hostBootId } from '../../lib/process/boot-id.ts'
import { isAlive } from '../../lib/process/process-identity.ts'
import type { MachineSpec, MachineStatus } from '../../provider/index.ts'
import type { Hypervisor } from './hypervisor.ts'

/** What is true of a machine now: whether its process lives, what that says, and how the last one ended. */
export async function machineStatus<Run extends { bootId: string }>(
  hypervisor: Hypervisor<Run>,
  spec: MachineSpec,
): Promise<MachineStatus> {
  const record = await hypervisor.readRecord(spec)
  const found = await hypervisor.find(spec, record, { thorough: false })
  if (found === null) return await withoutProcess(hypervisor, spec, record)
  // One that does not answer is a process all the same.
  const state = (await hypervisor.state(spec)) ?? { state: 'running' }
  if (await isAlive(found))
    return { ...state, pid: found.pid, accelerator: hypervisor.accelerator(record?.run ?? null) }
  // It has ended meanwhile, and may have recorded how.
  return await withoutProcess(hypervisor, spec, await hypervisor.readRecord(spec))
}

async function withoutProcess<Run extends { bootId: string }>(
  hypervisor: Hypervisor<Run>,
  spec: MachineSpec,
  record: Awaited<ReturnType<Hypervisor<Run>['readRecord']>>,
): Promise<MachineStatus> {
  const [first] = spec.disks
  if (record === null || (first !== undefined && !(await exists(first.path)))) return { state: 'absent' }
  const { run, damaged } = record
  if (damaged)
    return { state: 'stopped', crashed: false, reason: `${hypervisor.files(spec).record} is damaged` }
  if (run === null) return { state: 'stopped', crashed: false }
  const ending = await hypervisor.ending(spec, run)
  if (ending !== null) {
    const { crashed, byGuest, reason } = ending
    return {
      state: 'stopped',
      crashed,
      ...(byGuest ? { byGuest } : {}),
      ...(reason === undefined ? {} : { reason }),
    }
  }
  const restarted = run.bootId !== (await hostBootId())
  const reason = restarted
    ? 'the host was restarted while it ran'
    : `the process of ${hypervisor.name} ended without being asked to`
  return { state: 'stopped', crashed: true, reason }
}

/** E_NOT_RUNNING: there is no process that could hear an order. */
export function notRunning(spec: MachineSpec): PosadaError {
  return new PosadaError('E_NOT_RUNNING', `machine ${spec.name} is not running`, {
    machine: spec.name,
    hint: 'start it: posada up',
  })
}
