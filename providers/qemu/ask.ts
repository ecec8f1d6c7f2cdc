import { isPosadaError } from '../../src/errors/index.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { qemuFiles } from './files.ts'
import { type QmpClient, withQmp } from './qmp/client.ts'

/** Milliseconds that QEMU has to answer. */
const patience = 3000

/** Asks the machine's QEMU. Null where it does not listen, hangs or ends meanwhile. */
export async function ask<T>(spec: MachineSpec, work: (client: QmpClient) => Promise<T>): Promise<T | null> {
  try {
    return await withQmp(qemuFiles(spec).qmp, { timeout: patience }, work)
  } catch (error) {
    if (isPosadaError(error, 'E_QMP', 'E_QMP_TIMEOUT')) return null
    throw error
  }
}
