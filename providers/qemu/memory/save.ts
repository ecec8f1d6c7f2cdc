import { open, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { addAbortSignal } from 'node:stream'
import { fromSystemError, PosadaError } from '../../../src/errors/index.ts'
import { sleep } from '../../../src/lib/async/sleep.ts'
import { writeAll } from '../../../src/lib/files/write-all.ts'
import { asObject } from '../../../src/lib/values/as-object.ts'
import type { MachineSpec, SaveOptions } from '../../../src/provider/index.ts'
import { qemuFiles } from '../files.ts'
import { type QmpClient, withQmp } from '../qmp/client.ts'

/** Milliseconds for an answer of QEMU's, which writes back its disks before the last. */
const patience = 60_000
const poll = 10
/** Bytes that are written at once, and that wait for it meanwhile. */
const atOnce = 1024 * 1024

/**
 * As much at once as there is, and the last of it without regard to how long that takes: the machine stands still
 * anyway. Source: QEMU, qapi/migration.json, MigrationParameters; milliseconds and bytes a second.
 */
const unhurried = { 'max-bandwidth': 2 ** 40, 'downtime-limit': 2_000_000 }

/**
 * Lets QEMU migrate the machine into a file. QEMU may start no programs, and needs release 8.2 to open a file by itself:
 * it writes to a socket of ours.
 */
export async function saveMemory(
  spec: MachineSpec,
  path: string,
  { signal, onBytes = () => undefined }: SaveOptions = {},
): Promise<void> {
  const { qmp, memory } = qemuFiles(spec)
  await rm(memory, { force: true })
  const limits = { timeout: patience, ...(signal === undefined ? {} : { signal }) }
  const saved = await withQmp(qmp, limits, async (client) => {
    await client.execute('stop')
    await client.execute('migrate-set-parameters', unhurried)
    const { connection, close } = await listen(memory)
    try {
      await client.execute('migrate', { uri: `unix:${memory}` })
      await receive(await connected(connection, client), path, { signal, onBytes })
      await completed(client)
      return true
    } finally {
      close()
      await rm(memory, { force: true })
    }
  })
  if (saved !== null) return
  throw new PosadaError('E_NOT_RUNNING', `machine ${spec.name} is not running`, { machine: spec.name })
}

async function listen(path: string): Promise<{ connection: Promise<Socket>; close: () => void }> {
  const server = createServer({ highWaterMark: atOnce })
  const connection = new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return { connection, close: () => void server.close() }
}

/** A connection that is broken off here ends the migration, and leaves the machine as it stands. */
async function receive(
  connection: Socket,
  path: string,
  { signal, onBytes }: Pick<SaveOptions, 'onBytes'> & { signal: AbortSignal | undefined },
): Promise<void> {
  if (signal !== undefined) addAbortSignal(signal, connection)
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      const held = { end: 0, size: 0, chunks: [] as Buffer[] }
      const write = async () => {
        await writeAll(file, held.chunks, held.end)
        Object.assign(held, { end: held.end + held.size, size: 0, chunks: [] })
      }
      for await (const chunk of connection as AsyncIterable<Buffer>) {
        onBytes?.(chunk)
        held.chunks.push(chunk)
        held.size += chunk.length
        if (held.size >= atOnce) await write()
      }
      await write()
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    connection.destroy()
    signal?.throwIfAborted()
    throw fromSystemError(error instanceof Error ? Object.assign(error, { path }) : error)
  }
}

/** Once all has been written. Source: QAPI type MigrationStatus. */
async function completed(client: QmpClient): Promise<void> {
  for (;;) {
    const status = await statusOf(client)
    if (status === 'completed') return
    await sleep(poll)
  }
}

/** QEMU's end of the socket; throws where it gives up before it has connected. */
async function connected(connection: Promise<Socket>, client: QmpClient): Promise<Socket> {
  for (;;) {
    const socket = await Promise.race([connection, sleep(poll * 10)])
    if (socket !== undefined) return socket
    await statusOf(client)
  }
}

/** Throws where the migration has failed. */
async function statusOf(client: QmpClient): Promise<unknown> {
  const { status, 'error-desc': why } = asObject(await client.execute('query-migrate'))
  if (status !== 'failed' && status !== 'cancelled') return status
  throw new PosadaError('E_QMP', `QEMU could not save the machine's memory: ${why ?? status}`)
}
