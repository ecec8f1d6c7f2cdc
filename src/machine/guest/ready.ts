import { setMaxListeners } from 'node:events'
import { PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { within } from '../../lib/async/time-limit.ts'
import { isUp, type MachineSpec, type Provider } from '../../provider/index.ts'
import { tailLines } from '../observed/console.ts'
import { findPanic } from '../observed/panic.ts'
import { stallError } from '../observed/stall.ts'
import { hearGuest, type OpenReady } from './hear-guest.ts'

export interface ReadyOptions {
  provider: Provider
  spec: MachineSpec
  /** Milliseconds. */
  timeout: number
  /** Where the console's log stood when the machine was started. */
  consoleFrom: number
  signal: AbortSignal
}

const consoleLines = 15
const crashPoll = 1000

/**
 * Waits until the guest says on its ready channel that it can be logged in to. Learning it from the
 * guest costs nothing, where each connection to its SSH port would slow an emulated boot. Fails with
 * E_MACHINE_CRASHED as soon as the machine has ended, E_BOOT_TIMEOUT when the time is over.
 */
export async function awaitAnnouncement(open: OpenReady, options: ReadyOptions): Promise<void> {
  const { spec, timeout } = options
  const said = await raceCrash(options, (signal) =>
    within({ limit: timeout, late: () => false, signal }, hearGuest(open, { signal, hear: isReady })),
  )
  if (!said)
    throw await bootTimeout(spec, { timeout, stage: 'the guest has not said that it can be logged in to' })
}

/**
 * Does `work` until it is done or the machine has ended or its kernel panicked (E_MACHINE_CRASHED,
 * with the kernel's words as its value) or it stands still (E_DISK_FULL); `work` is given a signal
 * for its own end.
 */
export async function raceCrash<T>(
  options: Omit<ReadyOptions, 'timeout'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  // Each probe listens.
  setMaxListeners(0, signal)
  const watch = watchForCrash(options, signal)
  try {
    return await Promise.race([work(signal), watch])
  } finally {
    stop.abort()
  }
}

async function watchForCrash(options: Omit<ReadyOptions, 'timeout'>, signal: AbortSignal): Promise<never> {
  const { provider, spec, consoleFrom } = options
  for (;;) {
    await sleep(crashPoll, signal)
    const panic = await findPanic(spec.files.consoleLog, consoleFrom)
    if (panic !== null) throw await crashed(spec, `panicked while it was booting: ${panic}`, panic)
    const status = await provider.status(spec)
    const stall = stallError(spec, status)
    if (stall !== null) throw stall
    if (isUp(status)) continue
    const why = status.state === 'stopped' && status.reason !== undefined ? `: ${status.reason}` : ''
    throw await crashed(spec, `ended while it was booting${why}`)
  }
}

async function crashed(spec: MachineSpec, how: string, panic?: string): Promise<PosadaError> {
  return new PosadaError('E_MACHINE_CRASHED', `machine ${spec.name} ${how}`, {
    machine: spec.name,
    details: await tailLines(spec.files.consoleLog, consoleLines),
    hint: `posada logs ${spec.name} --console shows all it wrote`,
    ...(panic === undefined ? {} : { value: panic }),
  })
}

/** The error of a boot that took too long: the stage that did not happen and the console's end. */
export async function bootTimeout(
  spec: MachineSpec,
  { timeout, stage, cause }: { timeout: number; stage: string; cause?: unknown },
): Promise<PosadaError> {
  const message = `machine ${spec.name} is not ready after ${timeout / 1000} s: ${stage}`
  return new PosadaError('E_BOOT_TIMEOUT', message, {
    machine: spec.name,
    details: await tailLines(spec.files.consoleLog, consoleLines),
    hint: `it still runs: posada logs ${spec.name} --console --follow; boot_timeout: gives it more time`,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** True at the line `ready`. */
function isReady(line: string): true | undefined {
  return line === 'ready' ? true : undefined
}
