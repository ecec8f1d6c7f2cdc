import { readFile, rm } from 'node:fs/promises'
import { PosadaError } from '../../src/errors/index.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { qemuFiles } from './files.ts'
import { withQmp } from './qmp/client.ts'

/** Milliseconds for QEMU to write a picture of a large screen, on a busy host. */
const patience = 30_000

/** Implements `Provider.screenshot`. PNG needs QEMU 7.1. */
export async function screenshot(spec: MachineSpec, signal?: AbortSignal): Promise<Buffer> {
  const { qmp, display } = qemuFiles(spec)
  const filename = `${display}.${process.pid}.png`
  const limits = { timeout: patience, ...(signal === undefined ? {} : { signal }) }
  try {
    const shot = await withQmp(qmp, limits, (client) =>
      client.execute('screendump', { filename, format: 'png' }),
    )
    if (shot !== null) return await readFile(filename)
  } finally {
    await rm(filename, { force: true })
  }
  throw new PosadaError('E_NOT_RUNNING', `machine ${spec.name} is not running`, {
    machine: spec.name,
    hint: `posada up ${spec.name} starts it`,
  })
}
