import { PosadaError } from '../../src/errors/index.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { qemuFiles } from './files.ts'
import { withQmp } from './qmp/client.ts'

const PATIENCE = 10_000

/** The virtual processors stand still. Doing it twice does nothing. */
export async function pause(spec: MachineSpec): Promise<void> {
  await command(spec, 'stop')
}

export async function resume(spec: MachineSpec): Promise<void> {
  await command(spec, 'cont')
}

async function command(spec: MachineSpec, name: 'stop' | 'cont'): Promise<void> {
  const done = await withQmp(qemuFiles(spec).qmp, { timeout: PATIENCE }, async (client) => {
    await client.execute(name)
    return true
  })
  if (done !== null) return
  throw new PosadaError('E_NOT_RUNNING', `machine ${spec.name} is not running`, {
    machine: spec.name,
    hint: 'start it: posada up',
  })
}
