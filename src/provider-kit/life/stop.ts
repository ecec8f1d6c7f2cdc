import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { hasEnded, isAlive, type ProcessIdentity, terminate } from '../../lib/process/process-identity.ts'
import type { MachineSpec, StopOptions, StopResult } from '../../provider/index.ts'
import { askToShutDown } from '../ask-guest.ts'
import { catches } from './catches.ts'
import type { Hypervisor } from './hypervisor.ts'

/** Milliseconds for a process to write back the disks and end after it was told to, and once it is killed. */
const quitLimit = 10_000

/** Asks the guest to shut down where that is wanted, then cuts the power. No process is left. */
export async function stopMachine<Run extends { bootId: string }>(
  hypervisor: Hypervisor<Run>,
  spec: MachineSpec,
  options: StopOptions,
): Promise<StopResult> {
  options.signal?.throwIfAborted()
  const found = await hypervisor.find(spec, await hypervisor.readRecord(spec), { thorough: true })
  if (found === null) return { how: 'already', via: 'none' }
  const stopping = { hypervisor, spec, found, options }
  const via = options.graceful ? await askGuest(stopping) : null
  return via === null ? await cutPower(stopping) : { how: 'graceful', via }
}

interface Stopping<Run extends { bootId: string }> {
  hypervisor: Hypervisor<Run>
  spec: MachineSpec
  found: ProcessIdentity
  options: StopOptions
}

/** What the guest shut down for, or null where it did not in time. */
async function askGuest<Run extends { bootId: string }>({
  hypervisor,
  spec,
  found,
  options: { timeout, signal },
}: Stopping<Run>): Promise<string | null> {
  // A machine that stands still cannot hear: it goes on first.
  if ((await hypervisor.state(spec))?.state === 'paused') await isHeard(hypervisor.order(spec, 'resume'))
  const via = await askToShutDown({
    hypervisor: found,
    // An agent that does not listen yet may do so later on.
    agent: { socket: hypervisor.files(spec).agent, listens: () => hypervisor.agentListens(spec) },
    press: async () => {
      if (!(await isHeard(hypervisor.order(spec, 'powerdown')))) await pressBySignal(hypervisor, found)
    },
    timeout,
    signal,
  })
  // It may also have gone down just when the time was over.
  if (via === null && (await isAlive(found))) return null
  const run = (await hypervisor.readRecord(spec))?.run ?? null
  return (await hypervisor.ending(spec, run))?.byGuest === true ? (via ?? 'acpi') : null
}

/** A process that does not know the signal, since it is older or only just starting, would end by it. */
async function pressBySignal(
  { powerSignal }: Pick<Hypervisor<{ bootId: string }>, 'powerSignal'>,
  found: ProcessIdentity,
): Promise<void> {
  if (powerSignal !== undefined && (await catches(found.pid, powerSignal)))
    await terminate(found, powerSignal)
}

async function cutPower<Run extends { bootId: string }>({
  hypervisor,
  spec,
  found,
  options: { signal },
}: Stopping<Run>): Promise<StopResult> {
  // Nothing is written down then: what its hypervisor left tells why it ended.
  if (!(await isAlive(found))) return { how: 'forced', via: 'itself' }
  await whereThereIsRoom(hypervisor.onCut?.(spec))
  const heard = await isHeard(hypervisor.order(spec, 'quit'))
  // One that is only just starting, or has lost its socket, ends in good order by a signal.
  if (!heard) await terminate(found, 'SIGTERM')
  if (await hasEnded(found, heard ? quitLimit : hypervisor.termLimit, signal))
    return { how: 'forced', via: heard ? 'quit' : 'signal' }
  await terminate(found, 'SIGKILL')
  if (!(await hasEnded(found, quitLimit, signal))) throw undying(hypervisor, spec, found)
  await whereThereIsRoom(hypervisor.onKilled?.(spec, found))
  return { how: 'forced', via: 'kill' }
}

/** An order that is refused or not answered, or whose receiver ends meanwhile: the process is what counts here. */
async function isHeard(order: Promise<boolean>): Promise<boolean> {
  try {
    return await order
  } catch (error) {
    if (isPosadaError(error)) return false
    throw error
  }
}

/** A machine that filled the disk must be ended all the same; it then looks as if it had crashed. */
async function whereThereIsRoom(written: Promise<void> | undefined): Promise<void> {
  try {
    await written
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error
  }
}

function undying(
  { name, code }: { name: string; code: PosadaError['code'] },
  spec: MachineSpec,
  { pid }: ProcessIdentity,
) {
  return new PosadaError(code, `${name} (pid ${pid}) does not end, even when killed`, {
    machine: spec.name,
    value: String(pid),
    hint: 'it is stuck in the kernel, usually on a disk that does not respond',
  })
}
