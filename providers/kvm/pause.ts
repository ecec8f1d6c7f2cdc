import { sendCommand } from '../../src/background/index.ts'
import { PosadaError } from '../../src/errors/index.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { kvmFiles } from './files.ts'

/** Milliseconds; a vCPU stands still within some 100 µs of being asked. */
const patience = 5000

export async function pause(spec: MachineSpec): Promise<void> {
  await send(spec, 'pause')
}

export async function resume(spec: MachineSpec): Promise<void> {
  await send(spec, 'resume')
}

async function send(spec: MachineSpec, name: 'pause' | 'resume'): Promise<void> {
  if ((await sendCommand(kvmFiles(spec).control, { name, timeout: patience })) !== null) return
  throw new PosadaError('E_NOT_RUNNING', `machine ${spec.name} is not running`, {
    machine: spec.name,
    hint: 'posada up starts it',
  })
}
