import type { KeyName, MachineSpec } from '../../src/provider/index.ts'
import { qemuFiles } from './files.ts'
import { withQmp } from './qmp/client.ts'

/** Milliseconds for an answer, and that keys are held. */
const patience = 10_000
const held = 10

/** Implements `Provider.pressKeys`: the names of keys are QEMU's own (qapi/ui.json, QKeyCode). */
export async function pressKeys(
  spec: MachineSpec,
  keys: readonly KeyName[],
  signal?: AbortSignal,
): Promise<boolean> {
  const limits = { timeout: patience, ...(signal === undefined ? {} : { signal }) }
  const chord = { keys: keys.map((data) => ({ type: 'qcode', data })), 'hold-time': held }
  const done = await withQmp(qemuFiles(spec).qmp, limits, async (client) => {
    await client.execute('send-key', chord)
    return true
  })
  return done ?? false
}
