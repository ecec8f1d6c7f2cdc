import { isPosadaError } from '../../../src/errors/index.ts'
import { asObject } from '../../../src/lib/values/as-object.ts'
import { balloonPause, nextSize } from '../../../src/provider-kit/index.ts'
import { balloonId } from '../balloon.ts'
import { type QmpClient, withQmp } from '../qmp/client.ts'

/** Of a machine whose memory moves: bytes, and QEMU's socket. */
export interface MovedMemory {
  min: number
  max: number
  qmp: string
}

/** Milliseconds that QEMU has to answer: it serves one client after the other. */
const patience = 2000

/** Gives a guest what memory it needs, and the host the rest, for as long as this process lives. */
export async function moveMemory(memory: MovedMemory, log: (line: string) => void): Promise<void> {
  try {
    await withQmp(memory.qmp, { timeout: patience }, (client) => adjust(client, memory))
  } catch (error) {
    // It is at something else: it saves the machine's memory, say.
    if (!isPosadaError(error)) log(`the guest's memory stays as it is: ${error}`)
  }
  setTimeout(() => void moveMemory(memory, log), balloonPause)
}

/** Sources: QEMU's qapi/machine.json, query-balloon and balloon; docs/interop/virtio-balloon-stats.rst. */
async function adjust(client: QmpClient, bounds: MovedMemory): Promise<void> {
  const path = `/machine/peripheral/${balloonId}`
  const said = await client.execute('qom-get', { path, property: 'guest-stats' })
  const available = asObject(asObject(said).stats)['stat-available-memory']
  const { actual: size } = asObject(await client.execute('query-balloon'))
  // A guest that has not said it yet is said to have 2^64 - 1.
  if (typeof size !== 'number' || typeof available !== 'number' || available < 0 || available > size) return
  const value = nextSize(bounds, { size, available })
  if (value !== size) await client.execute('balloon', { value })
}
