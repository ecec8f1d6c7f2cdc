import { fromSystemError, isPosadaError } from '../errors/index.ts'
import type { PosadaEvent } from '../events/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { isAlive } from '../lib/process/process-identity.ts'
import { connect } from '../ssh/index.ts'
import { keepInSync, readSyncStatus, type SyncPair, type SyncReport } from '../sync/index.ts'
import type { SyncConfig } from './config.ts'
import { guestShell } from './guest-shell.ts'

/** Milliseconds between two attempts: the guest restarts, or somebody has to do something about a folder. */
const pause = { first: 500, most: 15_000 }
/** Milliseconds between two looks whether the machine still runs. */
const look = 1000

export interface RunningSync {
  /** Why folders are not being synced now, by their paths in the guest. */
  problems(): Promise<Record<string, string>>
  /** Makes a folder, by its path in the guest, equal as it is now; null where that cannot be. */
  settle(to: string): Promise<SyncReport | null>
  /** Resolves when the machine has ended or `signal` was aborted. */
  ended: Promise<void>
}

/**
 * Keeps each pair of folders equal, over a connection of its own, for as long as the machine's process lives. What
 * fails is tried again, without end: a guest that restarts comes back, and a disk that is full may get room.
 */
export function runSync(
  config: SyncConfig,
  { signal, log }: { signal: AbortSignal; log: (line: string) => void },
): RunningSync {
  const problems = new Map<string, Problem>()
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const tell = (pair: SyncPair, text: string) => {
    if (problems.get(pair.to)?.text !== text) log(`${pair.to}: ${text}`)
    problems.set(pair.to, { pair, text, at: Date.now() })
  }
  const settlers = new Map<string, Settle>()
  const pairs = config.pairs.map((pair) => keepOne(config, pair, { signal: either, log, tell, settlers }))
  const watch = async () => {
    while (!signal.aborted && (await isAlive(config.hypervisor))) await quietly(look, signal)
    over.abort(new Error('the machine has ended'))
  }
  const ended = Promise.all([watch(), ...pairs]).then(() => undefined)
  const settle = async (to: string) => {
    const isIts = config.pairs.some((pair) => pair.to === to)
    // One that has just been started is not that far yet.
    while (isIts && !settlers.has(to) && !problems.has(to) && !either.aborted)
      await quietly(look / 20, either)
    return (await settlers.get(to)?.()) ?? null
  }
  return { problems: () => notOver(problems), settle, ended }
}

type Settle = () => Promise<SyncReport | null>

interface Problem {
  pair: SyncPair
  text: string
  /** Milliseconds since 1970. */
  at: number
}

/** A problem is over when its folder has been equal since. */
async function notOver(problems: Map<string, Problem>): Promise<Record<string, string>> {
  for (const [to, { pair, at }] of problems)
    if ((await readSyncStatus(pair.stateDir)).at > at) problems.delete(to)
  return Object.fromEntries([...problems].map(([to, { text }]) => [to, text]))
}

interface Telling {
  signal: AbortSignal
  log: (line: string) => void
  tell: (pair: SyncPair, problem: string) => void
  /** Of the folders that are kept equal now, by their paths in the guest. */
  settlers: Map<string, Settle>
}

async function keepOne(
  { machine, target }: SyncConfig,
  pair: SyncPair,
  { signal, log, tell, settlers }: Telling,
): Promise<void> {
  const emit = (event: PosadaEvent) => {
    if (event.type === 'notice') log(`${pair.to}: ${event.message}`)
  }
  for (let wait = pause.first; !signal.aborted; wait = Math.min(wait * 2, pause.most)) {
    const begun = performance.now()
    try {
      const session = await connect(target, { signal })
      try {
        const onKeeping = (settle: Settle) => settlers.set(pair.to, settle)
        await keepInSync(pair, guestShell(session), { emit, signal, machine, onKeeping })
      } finally {
        settlers.delete(pair.to)
        await session.close()
      }
    } catch (thrown) {
      if (signal.aborted) return
      const error = fromSystemError(thrown)
      if (!isPosadaError(error)) throw error
      tell(pair, error.hint === undefined ? error.message : `${error.message}; ${error.hint}`)
    }
    if (performance.now() - begun > pause.most) wait = pause.first
    await quietly(wait, signal)
  }
}

async function quietly(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
