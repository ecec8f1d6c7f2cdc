import { isPosadaError, PosadaError } from '../../src/errors/index.ts'
import { isErrno } from '../../src/lib/errno.ts'
import { isAlive, type ProcessIdentity, terminate } from '../../src/lib/process-identity.ts'
import { sleep } from '../../src/lib/sleep.ts'
import type { MachineSpec, StopOptions, StopResult } from '../../src/provider/index.ts'
import { askAgentToShutDown } from './agent.ts'
import { qemuFiles } from './files.ts'
import { readEnding } from './process/events-log.ts'
import { type QmpClient, withQmp } from './qmp/client.ts'
import { asObject } from './qmp/codec.ts'
import { readRecord, writeRecord } from './run-record.ts'
import { findRunning } from './status.ts'

/** Milliseconds for QEMU's answers, and for it to write back its disks and end after `quit`. */
const PATIENCE = 3000
const QUIT_LIMIT = 10_000
const TERM_LIMIT = 2000
/** A guest whose kernel has not loaded its power button yet misses a press: it is pressed again. */
const PRESS_AGAIN = 3000
/** Each press costs the guest a process: the more it has heard, the longer it is left alone. */
const PRESS_LIMIT = 15_000
/** An agent that has taken the order may have failed at it; the power button is tried then. */
const AGENT_LIMIT = 10_000

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

/** What made the guest shut down, or null where it did not in time. */
async function askGuest(
  spec: MachineSpec,
  qemu: ProcessIdentity,
  options: StopOptions,
): Promise<string | null> {
  const deadline = Date.now() + options.timeout
  let via = 'acpi'
  if ((await wake(spec)).agent && (await askAgentToShutDown(qemuFiles(spec).agent, options.signal))) {
    via = 'agent'
  }
  let pause = via === 'agent' ? AGENT_LIMIT : PRESS_AGAIN
  if (via === 'acpi') await press(spec)
  while (Date.now() < deadline) {
    const wait = Math.min(pause, deadline - Date.now())
    if (await hasEnded(qemu, wait, options.signal)) {
      return (await readEnding(spec))?.guest === true ? via : null
    }
    via = 'acpi'
    await press(spec)
    pause = Math.min(pause * 2, PRESS_LIMIT)
  }
  return null
}

/** A machine that stands still cannot hear: it goes on first. Tells whether the agent's port is open. */
async function wake(spec: MachineSpec): Promise<{ agent: boolean }> {
  const answer = await ask(spec, async (client) => {
    if (asObject(await client.execute('query-status')).running !== true) await client.execute('cont')
    const channels = await client.execute('query-chardev')
    const open = (channel: unknown) =>
      asObject(channel).label === 'agent' && asObject(channel)['frontend-open'] === true
    return { agent: Array.isArray(channels) && channels.some(open) }
  })
  return answer ?? { agent: false }
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
  const record = await readRecord(spec)
  if (record?.run === undefined) return
  try {
    await writeRecord(spec, { ...record, run: { ...record.run, cut: true } })
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

async function hasEnded(qemu: ProcessIdentity, limit: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + limit
  for (;;) {
    if (!(await isAlive(qemu))) return true
    if (Date.now() >= deadline) return false
    await sleep(Math.max(1, Math.min(50, deadline - Date.now())), signal)
  }
}
