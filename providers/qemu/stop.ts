import { isPosadaError, PosadaError } from '../../src/errors/index.ts'
import { isErrno } from '../../src/lib/files/errno.ts'
import { hostBootId } from '../../src/lib/process/boot-id.ts'
import { hasEnded, isAlive, type ProcessIdentity, terminate } from '../../src/lib/process/process-identity.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import type { MachineSpec, StopOptions, StopResult } from '../../src/provider/index.ts'
import { askToShutDown } from '../../src/provider-kit/index.ts'
import { qemuFiles } from './files.ts'
import { readEnding } from './process/events-log.ts'
import { type QmpClient, withQmp } from './qmp/client.ts'
import { readRecord, writeRecord } from './run-record.ts'
import { findRunning } from './status.ts'

/** Milliseconds for QEMU's answers, and for it to write back its disks and end after `quit`. */
const PATIENCE = 3000
const QUIT_LIMIT = 10_000
const TERM_LIMIT = 2000

export async function stop(spec: MachineSpec, options: StopOptions): Promise<StopResult> {
  options.signal?.throwIfAborted()
  const qemu = await findRunning(spec, await readRecord(spec))
  if (qemu === null) return { how: 'already', via: 'none' }
  if (options.graceful) {
    const via = await askGuest(spec, qemu, options)
    if (via !== null) return { how: 'graceful', via }
  }
  return await cutPower(spec, qemu, options)
}

/** What the guest shut down for, or null where it did not in time. */
async function askGuest(
  spec: MachineSpec,
  qemu: ProcessIdentity,
  { timeout, signal }: StopOptions,
): Promise<string | null> {
  await wake(spec)
  const listens = () => agentListens(spec)
  const via = await askToShutDown({
    hypervisor: qemu,
    agent: (await listens()) ? { socket: qemuFiles(spec).agent, listens } : null,
    press: () => press(spec),
    timeout,
    signal,
  })
  return (await readEnding(spec))?.guest === true ? via : null
}

/** A machine that stands still cannot hear: it goes on first. */
async function wake(spec: MachineSpec): Promise<void> {
  await ask(spec, async (client) => {
    if (asObject(await client.execute('query-status')).running !== true) await client.execute('cont')
  })
}

/** Whether the guest has the agent's port open. */
async function agentListens(spec: MachineSpec): Promise<boolean> {
  const channels = await ask(spec, (client) => client.execute('query-chardev'))
  const open = (channel: unknown) =>
    asObject(channel).label === 'agent' && asObject(channel)['frontend-open'] === true
  return Array.isArray(channels) && channels.some(open)
}

async function press(spec: MachineSpec): Promise<void> {
  await ask(spec, (client) => client.execute('system_powerdown'))
}

/** Writes down that the machine did not crash before it takes the power away. */
async function cutPower(spec: MachineSpec, qemu: ProcessIdentity, options: StopOptions): Promise<StopResult> {
  await recordCut(spec)
  if (!(await isAlive(qemu))) return { how: 'forced', via: 'none' }
  const heard = await ask(spec, async (client) => {
    await client.execute('quit')
    return true
  })
  // One that is only just starting has no control socket yet, but ends in good order by SIGTERM.
  if (heard === null) await terminate(qemu, 'SIGTERM')
  const limit = heard === null ? TERM_LIMIT : QUIT_LIMIT
  if (await hasEnded(qemu, limit, options.signal))
    return { how: 'forced', via: heard === null ? 'term' : 'quit' }
  await terminate(qemu, 'SIGKILL')
  if (await hasEnded(qemu, QUIT_LIMIT, options.signal)) return { how: 'forced', via: 'kill' }
  throw new PosadaError('E_QMP_TIMEOUT', `QEMU (pid ${qemu.pid}) does not end, not even when killed`, {
    machine: spec.name,
    value: String(qemu.pid),
    hint: 'it hangs in the kernel, most often on a disk that does not answer',
  })
}

/** A machine that filled the disk must still be ended; it then looks as if it had crashed. */
async function recordCut(spec: MachineSpec): Promise<void> {
  const run = (await readRecord(spec))?.run ?? { accelerator: 'tcg', bootId: await hostBootId() }
  try {
    await writeRecord(spec, { ...run, cut: true })
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error
  }
}

/** Null where QEMU does not listen, hangs or ends meanwhile: the process itself is what counts here. */
async function ask<T>(spec: MachineSpec, work: (client: QmpClient) => Promise<T>): Promise<T | null> {
  try {
    return await withQmp(qemuFiles(spec).qmp, { timeout: PATIENCE }, work)
  } catch (error) {
    if (isPosadaError(error, 'E_QMP') || isPosadaError(error, 'E_QMP_TIMEOUT')) return null
    throw error
  }
}
