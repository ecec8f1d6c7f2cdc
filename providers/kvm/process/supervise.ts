import { openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { serveControl } from '../../../src/background/index.ts'
import { PosadaError } from '../../../src/errors/index.ts'
import { tryLock } from '../../../src/lib/native/flock.ts'
import { hostBootId } from '../../../src/lib/process/boot-id.ts'
import { processIdentity } from '../../../src/lib/process/process-identity.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { kvmFiles } from '../files.ts'
import { type Run, type RunEnding, writeRecord } from '../run-record.ts'
import { startVcpuThreads, type VcpuThread } from '../vcpu/thread.ts'
import type { BalloonDevice } from '../virtio/devices/balloon/device.ts'
import { allDone } from './all-done.ts'
import { entryPoint } from './entry-points.ts'
import { type Guest, type GuestEvent, openHost, powerOn } from './guest.ts'
import type { VmmConfig } from './launch.ts'
import { createMilestones } from './milestones.ts'

export interface SuperviseOptions extends VmmConfig {
  /** Of the vCPUs of the first guest. */
  threads: readonly VcpuThread[]
  log: (message: string) => void
  /** The vCPUs run. */
  onReady: () => void
  /** Resolves when the power shall be cut from outside, with who asked. */
  cut: Promise<string>
}

/**
 * Runs a machine from power-on until it is off, through all its restarts: the life of its process. Writes
 * the record of the run before the guest reaches its disks, for who looks meanwhile, and its ending last.
 *
 * @throws whatever kept the machine from starting; then there was no run
 */
export async function supervise(options: SuperviseOptions): Promise<RunEnding> {
  const { spec } = options
  takeLock(spec)
  try {
    const { begun, ending } = await run(options)
    await writeRecord(spec, { ...begun, ending })
    return ending
  } catch (error) {
    await writeRecord(spec, null)
    throw error
  }
}

/** What takes the host's time comes after the guest's first instruction, whose kernel is at something else for long. */
async function run({
  log,
  onReady,
  cut,
  threads,
  ...config
}: SuperviseOptions): Promise<{ begun: Run; ending: RunEnding }> {
  const { spec } = config
  const milestones = createMilestones()
  milestones.reached('configuration')
  const host = openHost(spec, log)
  milestones.reached('host')
  const first = await powerOn(config, host, { threads, milestones })
  first.resume()
  milestones.reached('guest')
  const recorded = beginRun(spec)
  await complete(first, [recorded])
  let guest: Guest | null = first
  let paused = false
  let quit: (reason: string) => void = () => undefined
  const asked = new Promise<string>((resolve) => {
    quit = resolve
  })

  const running = (): Guest => {
    if (guest === null)
      throw new PosadaError('E_CONTROL', 'the machine is just being restarted or switched off')
    return guest
  }
  const control = await serveControl(kvmFiles(spec).control, {
    status: async () => ({
      state: paused ? 'paused' : 'running',
      exits: guest?.exits() ?? 0,
      agent: guest?.hasAgent() ?? false,
      memory: process.memoryUsage.rss(),
      balloon: guest === null ? null : balloonState(guest.balloon),
    }),
    pause: async () => {
      await running().pause()
      paused = true
    },
    resume: async () => {
      running().resume()
      paused = false
    },
    powerdown: async () => running().pressPowerButton(),
    balloon: async ({ target }) => running().balloon.setTarget(balloonTarget(target, spec.memory)),
    quit: async () => quit('the power was cut'),
  })
  first.releaseDisks()
  milestones.reached('ready')
  log(`started; milliseconds: ${milestones.text()}`)
  onReady()

  const ending = await untilOff()
  log(`ended: ${ending.reason}`)
  host.console.close()
  await control.close()
  await rm(kvmFiles(spec).control, { force: true })
  return { begun: await recorded, ending }

  async function untilOff(): Promise<RunEnding> {
    const cutEvent = Promise.race([asked, cut]).then((reason): RunEnding => ({ how: 'cut', reason }))
    while (guest !== null) {
      const current: Guest = guest
      const event: RunEnding | GuestEvent = await Promise.race([current.event, cutEvent])
      guest = null
      await current.close()
      if ('how' in event) return event
      if (event.type === 'failed') return { how: 'failed', reason: event.reason }
      if (event.type === 'off') return { how: 'off', reason: 'the guest shut down' }
      log('the guest restarts')
      const failure = await restart()
      if (failure !== null) return failure
    }
    throw new Error('a machine without a guest')
  }

  async function restart(): Promise<RunEnding | null> {
    const again = startVcpuThreads(spec.cpus, entryPoint('kvm-vcpu', config.entries))
    host.ram.clear()
    try {
      const restarted = await powerOn(config, host, { threads: again, milestones: createMilestones() })
      if (!paused) restarted.resume()
      await complete(restarted)
      restarted.releaseDisks()
      guest = restarted
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { how: 'failed', reason: `it could not restart: ${reason}` }
    }
    return null
  }
}

/** Waits for what a guest that may run already still needs, and for other works; closes it where one fails. */
async function complete(guest: Guest, others: readonly Promise<unknown>[] = []): Promise<void> {
  try {
    await allDone([guest.connect(), ...others])
  } catch (error) {
    await guest.close()
    throw error
  }
}

/** What the guest said last; it is asked for fresh statistics, which the next who looks will see. */
function balloonState(balloon: BalloonDevice) {
  balloon.requestStatistics()
  return { actual: balloon.actual, statistics: balloon.statistics }
}

/** @throws PosadaError E_CONTROL */
function balloonTarget(target: unknown, memory: number): number {
  if (typeof target === 'number' && Number.isInteger(target) && target >= 0 && target <= memory) return target
  throw new PosadaError('E_CONTROL', `balloon: target is a number of bytes from 0 to ${memory}`, {
    value: String(target),
  })
}

/** Two processes on the same disks would ruin them. The lock ends with the process. */
function takeLock(spec: MachineSpec): void {
  if (tryLock(openSync(kvmFiles(spec).lock, 'a', 0o600))) return
  throw new PosadaError('E_LOCKED', `another process runs machine ${spec.name} already`, {
    machine: spec.name,
    hint: 'see posada status',
  })
}

/** Says in the record that this process runs the machine. */
async function beginRun(spec: MachineSpec): Promise<Run> {
  const [self, bootId] = await Promise.all([processIdentity(process.pid), hostBootId()])
  const begun = { pid: process.pid, startTime: self?.startTime ?? '', bootId }
  await writeRecord(spec, begun)
  return begun
}
