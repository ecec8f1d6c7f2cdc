import { join } from 'node:path'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import { isLocked } from '../lib/process/lock-file.ts'
import type { SyncStatus } from './types.ts'

const never: SyncStatus = {
  state: 'stopped',
  behind: 0,
  bytes: 0,
  conflicts: 0,
  scanning: { host: false, guest: false },
  at: 0,
}

/** How a pair stands, as the process that keeps it equal has written it down. */
export async function readSyncStatus(stateDir: string): Promise<SyncStatus> {
  const text = await readTextIfThere(join(stateDir, 'status.json'))
  if (text === null) return never
  const status = JSON.parse(text) as SyncStatus
  if (status.state === 'stopped' || (await isLocked(lockOf(stateDir)))) return status
  return { ...status, state: 'stopped' }
}

async function writeSyncStatus(stateDir: string, status: SyncStatus): Promise<void> {
  await writeFileAtomic(join(stateDir, 'status.json'), `${JSON.stringify(status)}\n`)
}

/** Held with flock(2) by the process that works on a pair. */
export function lockOf(stateDir: string): string {
  return join(stateDir, 'lock')
}

/** Milliseconds between two writes. */
const pace = 200

/** Writes a pair's status down as it changes, not more often than people look. */
export class StatusWriter {
  readonly #stateDir: string
  #status: SyncStatus = { ...never, state: 'syncing' }
  #written = ''
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(stateDir: string) {
    this.#stateDir = stateDir
  }

  set(change: Partial<SyncStatus>): void {
    this.#status = { ...this.#status, ...change }
    this.#timer ??= setTimeout(() => this.#write(), pace)
  }

  /** What is told once no process keeps the pair any more. Never where it had not begun. */
  async end(): Promise<void> {
    const hasBegun = this.#written !== '' || this.#timer !== undefined
    this.set({ state: 'stopped' })
    clearTimeout(this.#timer)
    if (hasBegun) this.#write()
    await this.#writing
  }

  #write(): void {
    this.#timer = undefined
    const text = JSON.stringify(this.#status)
    if (text === this.#written) return
    this.#written = text
    const status = { ...this.#status, at: Date.now() }
    this.#writing = this.#writing.then(() => writeSyncStatus(this.#stateDir, status))
    // Its failure is told by `end`.
    this.#writing.catch(() => undefined)
  }
}
