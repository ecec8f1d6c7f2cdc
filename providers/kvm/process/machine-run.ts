import { PosadaError } from '../../../src/errors/index.ts'
import type { RunEnding } from '../run-record.ts'
import { startVcpuThreads, type VcpuThread } from '../vcpu/thread.ts'
import { allDone } from './all-done.ts'
import { entryPoint } from './entry-points.ts'
import { type Guest, type GuestEvent, powerOn } from './guest.ts'
import type { GuestHost } from './guest-host.ts'
import { afterEvent, firstLife, type Life, type LifeEvent } from './life.ts'
import { createMilestones, type Milestones } from './milestones.ts'
import type { Offered } from './offer-memory.ts'
import { encodeGuest, factsOf, type SavedGuest } from './saved-guest.ts'
import type { VmmConfig } from './vmm-config.ts'

/** What a guest is started with. */
interface Start {
  threads: readonly VcpuThread[]
  milestones: Milestones
  beforeGuest: () => void
  /** What else has to be done before its disks may be released; begun once it runs. */
  meanwhile: () => Promise<unknown>
}

/** The guests of one machine, from power-on until it is off: does what life.ts decides. */
export class MachineRun {
  /** Resolves once the machine is off and its last guest closed. */
  readonly ended: Promise<RunEnding>
  readonly #config: VmmConfig
  readonly #host: GuestHost
  /** What the first guest goes on from; none of those after it. */
  #saved: SavedGuest | null
  #life: Life
  #guest: Guest | null = null
  /** When the guest of now was started, by the monotonic clock. */
  #startedAt = 0
  /** Never rejects. A guest is replaced or closed only when the last change is over. */
  #changing: Promise<unknown> = Promise.resolve()
  #settle: (ending: RunEnding) => void = () => undefined

  /** @param saved what it goes on from, once it is told to; null: it boots */
  constructor(config: VmmConfig, host: GuestHost, saved: SavedGuest | null) {
    this.#config = config
    this.#host = host
    this.#saved = saved
    this.#life = saved === null ? firstLife : { ...firstLife, still: 'asked' }
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** The guest of now; null while it restarts or is switched off. */
  get guest(): Guest | null {
    return this.#life.phase === 'on' ? this.#guest : null
  }

  /** Why the machine stands still; null where it does not. */
  get still(): Life['still'] {
    return this.#life.still
  }

  /**
   * Starts the first guest; its disks wait for `releaseDisks`.
   *
   * @throws what kept it from starting; it is closed then
   */
  async begin(start: Start): Promise<void> {
    const begun = this.#start(start)
    // What the guest does meanwhile is answered once this is over.
    this.#changing = begun.catch(() => undefined)
    try {
      await begun
    } catch (error) {
      await this.#guest?.close()
      throw error
    }
  }

  releaseDisks(): void {
    this.#guest?.releaseDisks()
  }

  /** Lets it stand still, and resolves when it can be written to a file. @throws PosadaError E_CONTROL, E_DISK_FULL */
  async save(): Promise<Omit<Offered, 'isStill'>> {
    await this.tell({ type: 'pause' })
    const guest = this.guest
    if (guest === null)
      throw new PosadaError('E_CONTROL', 'the machine is just being restarted or switched off')
    const { spec } = this.#config
    const { kvm, ram } = this.#host
    const saved = await guest.save()
    const state = encodeGuest(saved, factsOf(spec, kvm), spec.memory)
    return { state, ramSize: spec.memory, contents: ram.contents() }
  }

  /** Takes what has happened. Resolves when what follows from it is done. */
  async tell(event: LifeEvent): Promise<void> {
    const { life, action } = afterEvent(this.#life, event)
    this.#life = life
    if (action === 'pause') await this.#guest?.pause()
    if (action === 'resume') this.#guest?.resume()
    if (action === 'restart') await this.#restart()
    if (action === 'end') await this.#end()
  }

  async #start({ threads, milestones, beforeGuest, meanwhile }: Start): Promise<void> {
    const onEvent = (event: GuestEvent) => this.#heard(event)
    const saved = this.#saved
    this.#saved = null
    this.#guest = await powerOn(this.#config, this.#host, { threads, milestones, saved, onEvent })
    beforeGuest()
    this.#startedAt = performance.now()
    await this.tell({ type: 'started' })
    milestones.reached('guest')
    await allDone([this.#guest.connect(), meanwhile()])
  }

  #heard(event: GuestEvent): void {
    const ran = performance.now() - this.#startedAt
    if (event.type === 'no-space')
      this.#host.guestLog('the host has no room for what the guest writes to a disk: the machine is paused')
    void this.tell(event.type === 'triple-fault' ? { ...event, ran } : event)
  }

  async #restart(): Promise<void> {
    this.#host.guestLog(`the guest restarts${this.#life.crashes > 0 ? ' after a triple fault' : ''}`)
    const replaced = this.#changing.then(() => this.#replace())
    this.#changing = replaced.catch(() => undefined)
    try {
      await replaced
    } catch (error) {
      await this.tell({ type: 'failed', reason: `it could not restart: ${textOf(error)}` })
    }
  }

  async #replace(): Promise<void> {
    await this.#close()
    if (this.#life.phase === 'ended') return
    const { shares, ram } = this.#host
    if (shares.some(({ backEnd }) => backEnd.astray))
      throw new Error('what serves a folder does not leave its memory alone')
    const { spec, entries } = this.#config
    const threads = startVcpuThreads(spec.cpus, entryPoint('kvm-vcpu', entries))
    ram.clear()
    await this.#start({
      threads,
      milestones: createMilestones(),
      beforeGuest: () => undefined,
      meanwhile: async () => undefined,
    })
    this.releaseDisks()
  }

  async #end(): Promise<void> {
    await this.#changing
    await this.#close()
    this.#settle(this.#life.ending ?? { how: 'failed', reason: 'it ended without a reason' })
  }

  /** What could not be written back is lost, as by a power cut: there is no one to tell but the log. */
  async #close(): Promise<void> {
    const guest = this.#guest
    this.#guest = null
    try {
      await guest?.close()
    } catch (error) {
      this.#host.log(`the machine's devices could not be closed: ${textOf(error)}`)
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
