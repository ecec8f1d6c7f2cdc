import type { InstallJob } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { formatDuration } from '../../lib/values/units.ts'
import { isUp, type MachineSpec, type MachineStatus, type Provider } from '../../provider/index.ts'
import { plainLine, tailLines } from '../observed/console.ts'
import { followFile, sizeOf } from '../observed/follow-file.ts'
import type { Reporting } from '../project.ts'
import { type Sign, type Watch, watch } from './watch.ts'

/** Milliseconds between two looks, and lines of the console that a failure shows. */
const every = 1000
const shownLines = 15

interface Running {
  provider: Provider
  spec: MachineSpec
  job: InstallJob
}

/** Waits until an installer's machine has ended, and tells what it says on its console meanwhile. E_INSTALL_TIMEOUT. */
export async function awaitEnd(
  { emit, signal }: Reporting,
  { provider, spec, job }: Running,
): Promise<Extract<MachineStatus, { state: 'stopped' }>> {
  let over = false
  let open = ''
  const told = followFile(spec.files.consoleLog, {
    from: 0,
    every: every / 2,
    isOver: () => over,
    signal,
    onBytes: (bytes) => {
      const lines = (open + bytes.toString('latin1')).slice(-100_000).split('\n')
      open = lines.pop() ?? ''
      const text = lines.map(plainLine).filter((line) => line !== '')
      if (text.length > 0)
        emit({ type: 'output', stream: 'stdout', text: `${text.join('\n')}\n`, step: job.step })
    },
  })
  const ended = untilOver(signal, { provider, spec, job }).finally(() => {
    over = true
  })
  const [status] = await Promise.all([ended, told])
  return status
}

async function untilOver(
  signal: AbortSignal,
  { provider, spec, job }: Running,
): Promise<Extract<MachineStatus, { state: 'stopped' }>> {
  const started = performance.now()
  let seen: Watch = { at: started, sign: null }
  for (;;) {
    const status = await provider.status(spec)
    if (status.state === 'stopped') return status
    if (!isUp(status)) throw new Error(`the disk of ${spec.name} has gone`)
    const now = performance.now()
    seen = watch(seen, await signOf(provider, spec), now)
    const late =
      now - started > job.timeout
        ? `after ${formatDuration(job.timeout)} (timeout)`
        : now - seen.at > job.quiet
          ? `and has done nothing for ${formatDuration(job.quiet)} (quiet): it may ask something`
          : null
    if (late !== null) throw await tooLate(late, job, spec)
    await sleep(every, signal)
  }
}

async function signOf(provider: Provider, spec: MachineSpec): Promise<Sign> {
  const usage = (await provider.usage?.(spec)) ?? null
  return {
    console: (await sizeOf(spec.files.consoleLog)) ?? 0,
    written: usage?.disk.written ?? 0,
    received: usage?.network?.received ?? 0,
  }
}

async function tooLate(late: string, { name }: InstallJob, spec: MachineSpec): Promise<PosadaError> {
  return new PosadaError('E_INSTALL_TIMEOUT', `the installer of ${name} has not ended ${late}`, {
    value: name,
    details: await tailLines(spec.files.consoleLog, shownLines),
    hint: 'the last lines of its serial console are above; let an answer say what it asks, let it power off at its end, or give it longer: timeout:, quiet: in recipe.yaml',
  })
}
