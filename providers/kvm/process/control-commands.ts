import type { Handlers } from '../../../src/background/index.ts'
import { PosadaError } from '../../../src/errors/index.ts'
import type { MachineSpec, Metrics } from '../../../src/provider/index.ts'
import { kvmFiles } from '../files.ts'
import type { BalloonDevice } from '../virtio/devices/balloon/device.ts'
import type { ExitTrace } from '../vm/machine.ts'
import type { DeviceCounters } from './devices.ts'
import type { Guest } from './guest.ts'
import type { MachineRun } from './machine-run.ts'
import { offerMemory } from './offer-memory.ts'
import type { OpenShare } from './shares.ts'

interface Served {
  spec: MachineSpec
  counters: DeviceCounters
  shares: readonly OpenShare[]
  log: (message: string) => void
}

/** What the control socket of a machine understands; docs/hypervisor.md has the list. */
export function controlCommands(run: MachineRun, { spec, counters, shares, log }: Served): Handlers {
  const hasWayOut = spec.nics.some(({ kind }) => kind === 'user')
  /** An order, which the log tells of: when it was given is asked when a machine did not do as told. */
  const order = (name: string, act: () => Promise<void> | void) => async () => {
    log(`asked to ${name}`)
    await act()
  }
  const traces = oneTrace()
  return {
    status: async () => ({
      state: run.still === null ? 'running' : 'paused',
      ...(run.still === 'disk-full' ? { stalled: run.still } : {}),
      agent: run.guest?.hasAgent() ?? false,
      lostShares: shares.filter(({ backEnd }) => !backEnd.up).map(({ tag }) => tag),
      memory: process.memoryUsage.rss(),
      balloon: run.guest === null ? null : balloonState(run.guest.balloon),
      disk: counters.disk,
      network: hasWayOut ? counters.network : null,
    }),
    metrics: async (): Promise<Metrics> => running(run).metrics(),
    trace: async ({ milliseconds }) => traces.next(running(run), milliseconds),
    pause: order('pause', () => run.tell({ type: 'pause' })),
    resume: order('resume', () => run.tell({ type: 'resume' })),
    powerdown: order('press the power button', () => running(run).pressPowerButton()),
    save: order('save its memory', async () => {
      const saved = await run.save()
      await offerMemory(kvmFiles(spec).memory, { ...saved, isStill: () => run.still !== null }, log)
    }),
    balloon: async ({ target }) => running(run).balloon.setTarget(balloonTarget(target, spec.memory)),
    // Answered at once: the process ends when it is done.
    quit: order('cut the power', () => {
      void run.tell({ type: 'cut', reason: 'the power was cut' })
    }),
  }
}

/** Milliseconds that a trace may take. */
const longestTrace = 10_000

/** Traces of exits, one at a time. */
function oneTrace() {
  let isOn = false
  return {
    /** @throws PosadaError E_CONTROL */
    async next(guest: Guest, milliseconds: unknown): Promise<ExitTrace> {
      if (typeof milliseconds !== 'number' || !(milliseconds > 0 && milliseconds <= longestTrace))
        throw new PosadaError('E_CONTROL', `trace: milliseconds is a number up to ${longestTrace}`)
      if (isOn) throw new PosadaError('E_CONTROL', 'another trace is being taken')
      isOn = true
      try {
        return await guest.trace(milliseconds)
      } finally {
        isOn = false
      }
    },
  }
}

/** @throws PosadaError E_CONTROL */
function running({ guest }: MachineRun): Guest {
  if (guest !== null) return guest
  throw new PosadaError('E_CONTROL', 'the machine is just being restarted or switched off')
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
