import { sendCommand } from '../../src/background/index.ts'
import { isPosadaError, PosadaError } from '../../src/errors/index.ts'
import { hostBootId } from '../../src/lib/process/boot-id.ts'
import { hasEnded, isAlive, type ProcessIdentity, terminate } from '../../src/lib/process/process-identity.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import type { MachineSpec, StopOptions, StopResult } from '../../src/provider/index.ts'
import { askToShutDown } from '../../src/provider-kit/index.ts'
import { kvmFiles } from './files.ts'
import { findRunning } from './process/find.ts'
import { readRecord, writeRecord } from './run-record.ts'

/** Milliseconds for answers, and for the process to write back the disks and end after `quit`. */
const patience = 5000
const quitLimit = 10_000

export async function stop(spec: MachineSpec, options: StopOptions): Promise<StopResult> {
  options.signal?.throwIfAborted()
  const found = await findRunning(spec, await readRecord(spec), { thorough: true })
  if (found === null) return { how: 'already', via: 'none' }
  if (options.graceful) {
    const via = await askGuest(spec, found, options)
    if (via !== null) return { how: 'graceful', via }
  }
  return await cutPower(spec, found, options)
}

/** What the guest shut down for, or null where it did not in time. */
async function askGuest(
  spec: MachineSpec,
  hypervisor: ProcessIdentity,
  { timeout, signal }: StopOptions,
): Promise<string | null> {
  const { state } = asObject(await ask(spec, 'status'))
  const listens = async () => asObject(await ask(spec, 'status')).agent === true
  // A paused machine cannot hear: it is resumed first.
  if (state === 'paused') await ask(spec, 'resume')
  const via = await askToShutDown({
    hypervisor,
    agent: { socket: kvmFiles(spec).agent, listens },
    press: async () => {
      await ask(spec, 'powerdown')
    },
    timeout,
    signal,
  })
  return (await readRecord(spec))?.run?.ending?.how === 'off' ? via : null
}

async function cutPower(
  spec: MachineSpec,
  found: ProcessIdentity,
  options: StopOptions,
): Promise<StopResult> {
  if (!(await isAlive(found))) return { how: 'forced', via: 'none' }
  // Without a socket, which may have been removed, a signal does the same.
  const via = (await ask(spec, 'quit')) === null ? 'signal' : 'quit'
  if (via === 'signal') await terminate(found, 'SIGTERM')
  if (await hasEnded(found, quitLimit, options.signal)) return { how: 'forced', via }
  await terminate(found, 'SIGKILL')
  if (!(await hasEnded(found, quitLimit, options.signal))) {
    throw new PosadaError('E_CONTROL', `the hypervisor (pid ${found.pid}) does not end, even when killed`, {
      machine: spec.name,
      value: String(found.pid),
      hint: 'it hangs in the kernel, usually on a disk that does not respond',
    })
  }
  const ending = { how: 'cut', reason: 'the power was cut' } as const
  await writeRecord(spec, { ...found, bootId: await hostBootId(), ending })
  return { how: 'forced', via: 'kill' }
}

/** Null where there is no answer, or the process ends meanwhile: the process is what counts here. */
async function ask(spec: MachineSpec, name: 'status' | 'resume' | 'powerdown' | 'quit'): Promise<unknown> {
  try {
    return await sendCommand(kvmFiles(spec).control, { name, timeout: patience })
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return null
    throw error
  }
}
