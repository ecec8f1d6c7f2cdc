import { copyFile, type FileHandle, open, rm } from 'node:fs/promises'
import { fromSystemError, PosadaError } from '../../../src/errors/index.ts'
import { sleep } from '../../../src/lib/async/sleep.ts'
import { asObject } from '../../../src/lib/values/as-object.ts'
import type { MachineSpec, SaveOptions } from '../../../src/provider/index.ts'
import { qemuFiles } from '../files.ts'
import { type QmpClient, withQmp } from '../qmp/client.ts'
import { makeMappable } from './mappable.ts'

/** Milliseconds for an answer of QEMU's, which writes back its disks before the last. */
const patience = 60_000
const poll = 10
/** Bytes that are read at once. */
const atOnce = 1024 * 1024

/**
 * As much at once as there is, and the last of it without regard to how long that takes: the machine stands still
 * anyway. Source: QEMU, qapi/migration.json, MigrationParameters; milliseconds and bytes a second.
 */
const unhurried = { 'max-bandwidth': 2 ** 40, 'downtime-limit': 2_000_000 }

/**
 * Lets QEMU migrate the machine into a file, whose descriptor it is given: it may start no programs, and needs release 8.2
 * to open one by itself. What it writes is read along. Returns the file's layout, for `load`; null: the stream.
 */
export async function saveMemory(
  spec: MachineSpec,
  path: string,
  { signal, onBytes = () => undefined, isLoadedOften = false }: SaveOptions = {},
): Promise<string | null> {
  const limits = { timeout: patience, ...(signal === undefined ? {} : { signal }) }
  const saved = await withQmp(qemuFiles(spec).qmp, limits, async (client) => {
    await client.execute('stop')
    await client.execute('migrate-set-parameters', unhurried)
    try {
      const isMapped = isLoadedOften && canMap(client.version)
      return { layout: await (isMapped ? migrateMapped(client, path, spec) : migrate(client, path, onBytes)) }
    } catch (error) {
      throw fromSystemError(error instanceof Error ? Object.assign(error, { path }) : error)
    }
  })
  if (saved !== null) return saved.layout
  throw new PosadaError('E_NOT_RUNNING', `machine ${spec.name} is not running`, { machine: spec.name })
}

/** Ends a migration that whoever began it has left, which would stop the machine again. */
export async function endSaving(client: QmpClient): Promise<void> {
  await client.execute('migrate_cancel')
  while (unfinished.includes((await migration(client)).status)) await sleep(poll)
}

/** Of QAPI type MigrationStatus. */
const unfinished: readonly unknown[] = ['setup', 'active', 'pre-switchover', 'device', 'cancelling']

/** Whether QEMU maps a file for its memory without opening it for writing; what the guest gives back stays in it then. */
export function canMap(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 8 || (major === 8 && minor >= 2)
}

async function migrate(client: QmpClient, path: string, onBytes: Growing['onBytes']): Promise<null> {
  const file = await open(path, 'wx+', 0o600)
  try {
    await migrateInto(client, file, onBytes)
    await file.sync()
    return null
  } finally {
    await file.close()
  }
}

/** Returns the layout of the file, which says how it is mapped; null: it is a stream. */
async function migrateMapped(
  client: QmpClient,
  path: string,
  { memory }: MachineSpec,
): Promise<string | null> {
  const stream = await open(path, 'wx+', 0o600)
  try {
    // Gone when this process is, however it ends.
    await rm(path)
    await migrateInto(client, stream, () => undefined)
    const file = await open(path, 'wx+', 0o600)
    try {
      const layout = await makeMappable(stream, file, memory)
      if (layout === null) await copyFile(`/proc/self/fd/${stream.fd}`, path)
      await file.sync()
      return layout
    } finally {
      await file.close()
    }
  } finally {
    await stream.close()
  }
}

async function migrateInto(client: QmpClient, file: FileHandle, onBytes: Growing['onBytes']): Promise<void> {
  await client.execute('getfd', { fdname: 'memory' }, file.fd)
  await client.execute('migrate', { uri: 'fd:memory' })
  await follow(file, { isWhole: () => isSaved(client), onBytes })
}

interface Growing {
  isWhole: () => Promise<boolean>
  onBytes: (bytes: Uint8Array) => void
}

/** Reads a file that is being written, to its end. Its position is the writer's. */
async function follow(file: FileHandle, { isWhole, onBytes }: Growing): Promise<void> {
  const buffer = Buffer.allocUnsafe(atOnce)
  for (let at = 0, last = false; ; ) {
    const { bytesRead } = await file.read(buffer, 0, atOnce, at)
    at += bytesRead
    if (bytesRead > 0) onBytes(buffer.subarray(0, bytesRead))
    else if (last) return
    else {
      last = await isWhole()
      if (!last) await sleep(poll)
    }
  }
}

/** Throws where the migration has failed. */
async function isSaved(client: QmpClient): Promise<boolean> {
  const { status, 'error-desc': why } = await migration(client)
  if (status === 'completed') return true
  if (unfinished.includes(status)) return false
  const message = `QEMU could not save the machine's memory: ${why ?? status}`
  if (message.includes('No space left on device')) throw Object.assign(new Error(message), { code: 'ENOSPC' })
  throw new PosadaError('E_QMP', message)
}

async function migration(client: QmpClient): Promise<Record<string, unknown>> {
  return asObject(await client.execute('query-migrate'))
}
