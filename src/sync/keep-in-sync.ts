import { existsSync, mkdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { sleep } from '../lib/async/sleep.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { choicesOf } from './conflicts.ts'
import { Hints, type Taken } from './hints.ts'
import { scanHost } from './host-scan.ts'
import { type PassResult, passes } from './pass.ts'
import { textOf } from './paths.ts'
import { drainLeft, flush, type Session, withSession } from './session.ts'
import { StatusWriter } from './status.ts'
import { reporter, unsettled } from './sync-once.ts'
import { sweepTrash } from './trash.ts'
import type { GuestShell, SyncOptions, SyncPair, SyncReport } from './types.ts'
import { GuestWatch } from './watch-guest.ts'
import { HostWatch } from './watch-host.ts'

/** Milliseconds. */
const times = {
  /** Between two looks at everything on a side whose events are not heard, and at least so many times a look's own time. */
  scan: 2000,
  scanShare: 20,
  /** After which what a save replaced in the guest is brought to the trash, when nothing else comes. */
  quiet: 100,
  /** After which what was done is put on the disks, when nothing else comes. */
  settle: 1000,
  /** After which it is though more comes all the time. */
  busy: 5000,
  /** Between two looks at everything where all events are heard, and at what is in the trash. */
  careful: 30 * 60_000,
  /** That git may hold its index. */
  git: 10_000,
}

interface KeepOptions extends SyncOptions {
  /** Given, once the folders are kept, what makes them equal as they are when it is called; null: keeping ended before. */
  onKeeping?: (settle: () => Promise<SyncReport | null>) => void
}

/**
 * Keeps two folders equal until it is aborted (the signal's reason) or the guest is gone (E_SYNC_GUEST). `.git/index.lock` is
 * waited for, so that a checkout is carried as one. Errors as of `syncOnce`.
 */
export async function keepInSync(pair: SyncPair, guest: GuestShell, options: KeepOptions): Promise<void> {
  const status = new StatusWriter(pair.stateDir)
  try {
    await withSession({ pair, shell: guest, options }, async (session) => {
      const keeper = new Keeper(session, { status, options })
      try {
        await keeper.watch(guest)
        options.onKeeping?.(() => keeper.settle())
        await keeper.run()
      } finally {
        await keeper.close()
      }
    })
  } finally {
    await status.end()
  }
}

class Keeper {
  readonly #session: Session
  readonly #status: StatusWriter
  readonly #options: SyncOptions
  readonly #hints = new Hints()
  readonly #host: HostWatch
  readonly #guest: GuestWatch
  #choices: { close(): void } | null = null
  /** When all was last looked at, and how many milliseconds that took. */
  #looked = performance.now()
  #took = 0
  #swept = performance.now()
  #flushed = performance.now()
  #flushing: Promise<void> = Promise.resolve()
  #failure: unknown = null
  /** Those who wait for the folders to be equal; null once no one keeps them so. */
  #asked: ((report: SyncReport | null) => void)[] | null = []
  #onAbort = () => this.#hints.poke()
  #onFailure = (error: unknown) => {
    this.#failure ??= error
    this.#hints.poke()
  }

  constructor(session: Session, { status, options }: { status: StatusWriter; options: SyncOptions }) {
    this.#session = session
    this.#status = status
    this.#options = options
    this.#host = new HostWatch(session, this.#hints)
    this.#guest = new GuestWatch(this.#hints)
  }

  async watch(shell: GuestShell): Promise<void> {
    const choices = choicesOf(this.#session.pair.stateDir)
    mkdirSync(choices, { recursive: true })
    this.#choices = watch(choices, { persistent: false }, () => this.#hints.poke())
    this.#options.signal.addEventListener('abort', this.#onAbort)
    await this.#guest.start(this.#session, shell, this.#options.signal)
    this.#hints.all()
  }

  /** Makes the folders equal as they are now. Null: keeping ended before they were. */
  settle(): Promise<SyncReport | null> {
    return new Promise((resolve) => {
      if (this.#asked === null) return resolve(null)
      this.#asked.push(resolve)
      this.#hints.poke()
    })
  }

  async close(): Promise<void> {
    for (const answer of this.#asked ?? []) answer(null)
    this.#asked = null
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    this.#choices?.close()
    this.#host.close()
    this.#guest.close()
    await this.#flushing.catch(() => undefined)
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    for (;;) {
      signal.throwIfAborted()
      if (this.#failure !== null) throw this.#failure
      await this.#answer()
      if (performance.now() > this.#swept + times.careful) {
        await sweepTrash(this.#session.pair.stateDir)
        this.#swept = performance.now()
      }
      const isDirty = this.#session.isHostDirty || this.#session.isGuestDirty
      const isBlind = this.#host.isBlind || this.#guest.isBlind
      const scan = isBlind ? Math.max(times.scan, times.scanShare * this.#took) : times.careful
      const left = Math.max(0, this.#looked + scan - performance.now())
      const hasLeft = this.#session.batches.length > 0
      const pause = hasLeft ? times.quiet : isDirty ? times.settle : times.careful
      if (!(await this.#hints.some(Math.min(left, pause)))) {
        if (hasLeft) this.#beside(drainLeft).catch(this.#onFailure)
        else if (isDirty) this.#flush().catch(this.#onFailure)
        if (performance.now() < this.#looked + scan) continue
        this.#hints.all()
      }
      if (this.#asked?.length === 0) await this.#pass(await this.#gathered())
      if (performance.now() > this.#flushed + times.busy) this.#flush().catch(this.#onFailure)
    }
  }

  #flush(): Promise<void> {
    this.#flushed = performance.now()
    return this.#beside(flush)
  }

  /** One after the other, beside what else is done. */
  #beside(work: (session: Session) => Promise<void>): Promise<void> {
    this.#flushing = this.#flushing.then(() => work(this.#session))
    return this.#flushing
  }

  async #answer(): Promise<void> {
    const asked = this.#asked?.splice(0) ?? []
    if (asked.length === 0) return
    let report: SyncReport | null = null
    try {
      report = await this.#settled()
    } finally {
      for (const answer of asked) answer(report)
    }
  }

  /** Where all events are heard only what they name is looked at in the guest: looking at all takes an emulated one seconds. */
  async #settled(): Promise<SyncReport> {
    const session = this.#session
    if (!(await this.#guest.hasCaughtUp())) this.#hints.all()
    else {
      const { changed, busy, odd } = await scanHost(session.root, session, 'all')
      for (const path of [...changed.keys(), ...odd.keys(), ...busy]) this.#hints.add(path)
      if ([...changed.keys()].some((path) => session.ignored.concerns(path))) this.#hints.all()
    }
    const { again, ...report } = await this.#pass(await this.#gathered(true))
    await this.#flush()
    const left = again.map((path) => ({ path: textOf(path), why: unsettled }))
    return { ...report, skipped: [...report.skipped, ...left] }
  }

  /** The next batch, of a git that is done. `now`: all that is known. */
  async #gathered(now = false): Promise<Taken> {
    const { root } = this.#session
    const limit = deadlineIn(times.git)
    for (;;) {
      const lock = join(root, '.git', 'index.lock')
      while (existsSync(lock) && !limit.isOver()) await sleep(20, this.#options.signal)
      const taken = await this.#hints.take(now)
      if (limit.isOver() || !existsSync(lock)) return taken
      for (const side of taken.sides)
        if (taken.scope === 'all') this.#hints.all(side)
        else for (const path of taken.scope) this.#hints.add(path, side)
    }
  }

  async #pass({ scope, sides }: Taken): Promise<PassResult> {
    const start = performance.now()
    if (scope === 'all') this.#host.renew()
    else this.#host.follow(scope)
    const tell = reporter(this.#options)
    const progress = (behind: number, bytes: number) => {
      if (behind > 0) this.#status.set({ state: 'syncing', behind, bytes })
      tell(behind, bytes)
    }
    const isGuestQuiet = !this.#guest.isBlind && !sides.includes('guest')
    const result = await passes(this.#session, scope, { progress, isGuestQuiet })
    const { conflicts, again } = result
    for (const path of again) this.#hints.add(path)
    const scanning = { host: this.#host.isBlind, guest: this.#guest.isBlind }
    this.#status.set({ state: 'in step', behind: 0, bytes: 0, conflicts, scanning })
    if (scope === 'all') {
      this.#looked = performance.now()
      this.#took = this.#looked - start
    }
    if (again.length > 0) await sleep(100, this.#options.signal)
    return result
  }
}
