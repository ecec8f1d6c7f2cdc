import { fromSystemError, isPosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { readState } from '../project/index.ts'
import type { Usage } from '../provider/index.ts'
import { nameOf } from './observed/observe.ts'
import type { Places, Project, Providing } from './project.ts'
import type { StatsResult } from './results.ts'
import { type Selected, selectWithOrphans } from './select.ts'
import { untilAborted } from './until-aborted.ts'

export interface StatsOptions {
  machines: readonly string[]
  /** Milliseconds between two looks, of which rates are made; 0 for a single look without rates. */
  interval: number
  /** Whether to go on until the signal. */
  watch: boolean
  /** Takes what was found at each look that has one before it. */
  onLook?: (found: StatsResult[]) => void
}

/** What machines take of this host: totals since each was started, and rates over the interval. Nothing is changed. */
export async function stats(project: Project, options: StatsOptions): Promise<StatsResult[]> {
  const { interval, watch, onLook, machines } = options
  const rates = new Rates()
  for (let first = true; ; first = false) {
    const selected = await selectWithOrphans(project.manifest, project.paths, machines)
    const looks = Promise.all(selected.map((machine) => lookAt(project, machine)))
    const found = (await untilAborted(project.signal, looks)).map((one) => rates.add(one.name, one))
    if (interval === 0) return found
    if (!first) onLook?.(found)
    if (!first && !watch) return found
    await sleep(interval, project.signal)
  }
}

/** Makes rates of what is found again and again, each machine under a key of its own. */
export class Rates {
  readonly #last = new Map<string, { at: number; usage: Usage | null }>()

  add(key: string, found: StatsResult): StatsResult {
    const last = this.#last.get(key)
    const now = { at: performance.now(), usage: found.usage }
    this.#last.set(key, now)
    if (last === undefined || last.usage === null || now.usage === null) return found
    return { ...found, rates: ratesOf(last.usage, now.usage, (now.at - last.at) / 1000) }
  }
}

/** What one machine takes, without rates. */
export async function lookAt(project: Places & Providing, { name, config }: Selected): Promise<StatsResult> {
  const { cpus = 0, memory = 0 } = config ?? {}
  const absent: StatsResult = { name, state: 'absent', cpus, memory, usage: null, rates: null, metrics: null }
  try {
    const state = await readState(project.paths.machine(name))
    if (state === null) return absent
    const provider = await project.providers.get(state.provider)
    const { spec } = state
    const [usage = null, metrics = null] = await Promise.all([
      provider.usage?.(spec),
      provider.metrics?.(spec),
    ])
    const stateName = nameOf(state, await provider.status(spec))
    return { ...absent, state: stateName, cpus: spec.cpus, memory: spec.memory, usage, metrics }
  } catch (thrown) {
    const error = fromSystemError(thrown)
    if (!isPosadaError(error)) throw error
    return { ...absent, state: 'unknown' }
  }
}

/** What came between two looks, a second. Null where the machine was started again in between. Pure. */
export function ratesOf(before: Usage, now: Usage, seconds: number): StatsResult['rates'] {
  const rate = (from: number, to: number) => (to - from) / seconds
  const ofNetwork = (name: 'received' | 'sent') =>
    before.network === null || now.network === null ? null : rate(before.network[name], now.network[name])
  const rates = {
    cpu: rate(before.cpu, now.cpu),
    read: rate(before.disk.read, now.disk.read),
    written: rate(before.disk.written, now.disk.written),
    received: ofNetwork('received'),
    sent: ofNetwork('sent'),
  }
  return Object.values(rates).some((value) => value !== null && value < 0) ? null : rates
}
