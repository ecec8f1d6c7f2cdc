import { existsSync, mkdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { sleep } from '../lib/async/sleep.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { choicesOf } from './conflicts.ts'
import { Hints } from './hints.ts'
import { passes } from './pass.ts'
import { flush, type Session, withSession } from './session.ts'
import { StatusWriter } from './status.ts'
import { reporter } from './sync-once.ts'
import type { GuestShell, SyncOptions, SyncPair } from './types.ts'
import { GuestWatch } from './watch-guest.ts'
import { HostWatch } from './watch-host.ts'

/** Milliseconds. */
const times = {
  /** Between two looks at everything on a side whose events are not heard, and at least so many times a look's own time. */
  scan: 2000,
  scanShare: 20,
  /** After which what was done is put on the disks, when nothing else comes. */
  settle: 1000,
  /** Between two looks at everything where all events are heard. */
  careful: 30 * 60_000,
  /** That git may hold its index. */
  git: 10_000,
}

/**
 * Keeps two folders equal until it is aborted (the signal's reason) or the guest is gone (E_SYNC_GUEST). `.git/index.lock` is
 * waited for, so that a checkout is carried as one. Errors as of `syncOnce`.
 */
export async function keepInSync(pair: SyncPair, guest: GuestShell, options: SyncOptions): Promise<void> {
  const status = new StatusWriter(pair.stateDir)
  try {
    await withSession({ pair, shell: guest, options }, async (session) => {
      const keeper = new Keeper(session, { status, options })
      try {
        await keeper.watch(guest)
        await keeper.run()
      } finally {
        keeper.close()
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
  #onAbort = () => this.#hints.poke()

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

  close(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    this.#choices?.close()
    this.#host.close()
    this.#guest.close()
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    let looked = performance.now()
    let took = 0
    for (;;) {
      signal.throwIfAborted()
      const isDirty = this.#session.isHostDirty || this.#session.isGuestDirty
      const isBlind = this.#host.isBlind || this.#guest.isBlind
      const scan = isBlind ? Math.max(times.scan, times.scanShare * took) : times.careful
      const left = Math.max(0, looked + scan - performance.now())
      if (!(await this.#hints.some(Math.min(left, isDirty ? times.settle : times.careful)))) {
        if (isDirty) await flush(this.#session)
        if (performance.now() < looked + scan) continue
        this.#hints.all()
      }
      const scope = await this.#gathered()
      const start = performance.now()
      await this.#pass(scope)
      if (scope !== 'all') continue
      looked = performance.now()
      took = looked - start
    }
  }

  /** The next batch, of a git that is done. */
  async #gathered(): Promise<'all' | readonly string[]> {
    const { root } = this.#session
    const limit = deadlineIn(times.git)
    for (;;) {
      const lock = join(root, '.git', 'index.lock')
      while (existsSync(lock) && !limit.isOver()) await sleep(20, this.#options.signal)
      const scope = await this.#hints.take()
      if (limit.isOver() || !existsSync(lock)) return scope
      if (scope === 'all') this.#hints.all()
      else for (const path of scope) this.#hints.add(path)
    }
  }

  async #pass(scope: 'all' | readonly string[]): Promise<void> {
    if (scope === 'all') this.#host.renew()
    else this.#host.follow(scope)
    const tell = reporter(this.#options)
    const { conflicts, again } = await passes(this.#session, scope, (behind, bytes) => {
      if (behind > 0) this.#status.set({ state: 'syncing', behind, bytes })
      tell(behind, bytes)
    })
    for (const path of again) this.#hints.add(path)
    const scanning = { host: this.#host.isBlind, guest: this.#guest.isBlind }
    this.#status.set({ state: 'in step', behind: 0, bytes: 0, conflicts, scanning })
    if (again.length > 0) await sleep(100, this.#options.signal)
  }
}
