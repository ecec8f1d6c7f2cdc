import { sendCommand } from '../../src/background/client.ts'
import { asObject } from '../../src/background/codec.ts'
import { isPosadaError, PosadaError } from '../../src/errors/index.ts'
import { isAlive, type ProcessIdentity, terminate } from '../../src/lib/process-identity.ts'
import { sleep } from '../../src/lib/sleep.ts'
import type { MachineSpec, StopOptions, StopResult } from '../../src/provider/index.ts'
import { kvmFiles } from './files.ts'
import { readRecord, writeRecord } from './run-record.ts'
import { findRunning } from './status.ts'

/** Milliseconds for answers, and for the process to write back the disks and end after `quit`. */
const patience = 5000
const quitLimit = 10_000
/** A guest whose kernel has not loaded its power button yet misses a press: it is pressed again. */
const pressAgain = 3000

export async function stop(spec: MachineSpec, options: StopOptions): Promise<StopResult> {
  options.signal?.throwIfAborted()
  const found = await findRunning(await readRecord(spec))
  if (found === null) return { how: 'already', via: 'none' }
  if (options.graceful && (await askGuest(spec, found, options))) return { how: 'graceful', via: 'acpi' }
  return await cutPower(spec, found, options)
}

/** Whether the guest shut itself down in time. */
async function askGuest(spec: MachineSpec, found: ProcessIdentity, options: StopOptions): Promise<boolean> {
  const deadline = Date.now() + options.timeout
  // A machine that stands still cannot hear: it goes on first.
  if (asObject(await ask(spec, 'status')).state === 'paused') await ask(spec, 'resume')
  while (Date.now() < deadline) {
    await ask(spec, 'powerdown')
    if (await hasEnded(found, Math.min(pressAgain, deadline - Date.now()), options.signal)) {
      return (await readRecord(spec))?.run?.ending?.how === 'off'
    }
  }
  return false
}

async function cutPower(
  spec: MachineSpec,
  found: ProcessIdentity,
  options: StopOptions,
): Promise<StopResult> {
  if (!(await isAlive(found))) return { how: 'forced', via: 'none' }
  // Without a socket, which somebody may have removed, a signal says the same.
  const via = (await ask(spec, 'quit')) === null ? 'signal' : 'quit'
  if (via === 'signal') await terminate(found, 'SIGTERM')
  if (await hasEnded(found, quitLimit, options.signal)) return { how: 'forced', via }
  await terminate(found, 'SIGKILL')
  if (!(await hasEnded(found, quitLimit, options.signal))) {
    throw new PosadaError(
      'E_CONTROL',
      `the hypervisor (pid ${found.pid}) does not end, not even when killed`,
      {
        machine: spec.name,
        value: String(found.pid),
        hint: 'it hangs in the kernel, most often on a disk that does not answer',
      },
    )
  }
  const record = await readRecord(spec)
  if (record?.run !== undefined && record.run.ending === undefined) {
    const ending = { how: 'cut', reason: 'the power was cut' } as const
    await writeRecord(spec, { ...record, run: { ...record.run, ending } })
  }
  return { how: 'forced', via: 'kill' }
}

/** Null where nobody listens or answers, or the process ends meanwhile: the process is what counts here. */
async function ask(spec: MachineSpec, name: 'status' | 'resume' | 'powerdown' | 'quit'): Promise<unknown> {
  try {
    return await sendCommand(kvmFiles(spec).control, { name, timeout: patience })
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return null
    throw error
  }
}

async function hasEnded(found: ProcessIdentity, limit: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + limit
  for (;;) {
    if (!(await isAlive(found))) return true
    if (Date.now() >= deadline) return false
    const wait = Math.max(1, Math.min(20, deadline - Date.now()))
    await sleep(wait, signal)
  }
}
