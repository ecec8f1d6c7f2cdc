import { PosadaError } from '../../src/errors/index.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { qemuFiles } from './files.ts'
import { withQmp } from './qmp/client.ts'

/** Milliseconds for an answer. */
const patience = 10_000

/** Implements `Provider.setLinks`: argv/nics.ts names the networks behind the NICs. */
export async function setLinks(spec: MachineSpec, up: boolean): Promise<void> {
  const done = await withQmp(qemuFiles(spec).qmp, { timeout: patience }, async (client) => {
    for (const index of spec.nics.keys()) await client.execute('set_link', { name: `net${index}`, up })
    return true
  })
  if (done === true) return
  throw new PosadaError('E_NOT_RUNNING', `machine ${spec.name} is not running`, { machine: spec.name })
}
