import { rm, utimes } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { isAlive, type ProcessIdentity, processIdentity } from '../../lib/process/process-identity.ts'
import { formatSize } from '../../lib/values/units.ts'
import {
  freeForMachines,
  type MachineUp,
  machinesUp,
  type OtherRun,
  type Share,
  takenBy,
  type Wait,
  whatFor,
} from '../../machine/index.ts'
import { isRunId, type RunFolder, type UserPaths, withLock } from '../../project/index.ts'
import { type FolderWatch, watchFolder } from './watch-folder.ts'

/** What stands in a run's folder for the other runs of this user. */
interface Ticket extends Share {
  order: number
  state: OtherRun['state']
  process: ProcessIdentity
}

export interface TurnOptions {
  user: UserPaths
  folder: RunFolder
  share: Share
  /** Whether it waits; else E_MEMORY_SHORT where the memory does not do for it, and processors are shared. */
  wait: boolean
  emit: Emit
  signal: AbortSignal
  /** Takes away what a run left that was killed. */
  sweep(): Promise<void>
}

/** Milliseconds between two looks at the others: a run that ends is heard of, one that is killed or kept is not. */
const pause = 500

const waiting: Record<Exclude<Wait, null>, string> = {
  turn: 'waiting for earlier runs',
  memory: 'waiting for memory in use by other runs',
  machines: 'waiting for memory of machines that are up',
  processors: 'waiting for processors in use by other runs',
}

/** What to do about machines that are up where memory is waited for; null: they are not what is waited for. */
function hintFor(why: Wait, up: readonly MachineUp[]): string | null {
  if ((why !== 'memory' && why !== 'machines') || up.length === 0) return null
  return `halt what is not needed: ${up.map(({ name, root }) => `${name} of ${root}`).join(', ')}`
}

/**
 * Resolves when a run may start its machines beside the other runs of this user, in all processes. What it resolves with
 * gives the processors back, when there is nothing left to do but to take the machines away.
 */
export async function takeTurn(options: TurnOptions): Promise<() => Promise<void>> {
  // From before the first look, lest the end of a run be missed. The queue's own lock comes and goes with each look.
  const runs = watchFolder(options.user.runs, isRunId)
  try {
    const ticket = await untilItsTurn(options, runs)
    return async () => {
      // It takes a flush, which one that is alone is better without.
      if (options.wait) await giveBack(options.folder, ticket)
    }
  } finally {
    runs.close()
  }
}

async function untilItsTurn(options: TurnOptions, runs: FolderWatch): Promise<Ticket> {
  const { user, folder, share, wait, emit, signal } = options
  const own = (await processIdentity(process.pid)) ?? { pid: process.pid, startTime: '' }
  let written: Ticket | undefined
  let told: Wait = null
  let up: MachineUp[] = []
  for (;;) {
    signal.throwIfAborted()
    const why = await alone(options, async () => {
      const others = await neighbours(options)
      const order = written?.order ?? Math.max(0, ...others.map(({ ticket }) => ticket.order)) + 1
      const processors = availableParallelism()
      const look = async (): Promise<Wait> => {
        up = await machinesUp(user)
        const owed = up.map((machine) => machine.owed)
        const host = { free: await freeForMachines(), processors, owed }
        return whatFor({ ...share, order }, await withMemory(others), host)
      }
      // To look at all processes costs something: those that wait for others anyway do not.
      const busy = others.filter(({ isKept }) => !isKept).map(({ ticket }) => ({ ...ticket, taken: 0 }))
      const first = whatFor({ ...share, order }, busy, { free: null, processors, owed: [] })
      const found = wait && first !== null ? first : await look()
      if (found === 'memory' && !wait) throw memoryShort(share)
      const starts = found === null || !wait
      const ticket: Ticket = { ...share, order, state: starts ? 'starts' : 'waits', process: own }
      if (written?.state !== ticket.state) await writeTicket(folder, ticket)
      written = ticket
      return starts ? ticket : found
    })
    if (typeof why === 'object') return why
    const hint = hintFor(why, up)
    if (told === null)
      emit({ type: 'notice', level: 'info', message: waiting[why], ...(hint === null ? {} : { hint }) })
    told = why
    await runs.change(pause, signal)
  }
}

const ticketName = 'share.json'

function writeTicket(folder: RunFolder, ticket: Ticket): Promise<void> {
  return writeFileAtomic(join(folder.path, ticketName), JSON.stringify(ticket))
}

/** On a full disk the others wait until its folder is gone. */
async function giveBack(folder: RunFolder, ticket: Ticket): Promise<void> {
  try {
    await writeTicket(folder, { ...ticket, cpus: 0 })
    // Whoever watches the folder of runs hears of this, and not of what is written in the run's own.
    await utimes(folder.path, new Date(), new Date())
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error
  }
}

/** Does `work` as the only process of this user's that looks at the queue. The lock goes again. */
function alone<T>({ user, signal }: TurnOptions, work: () => Promise<T>): Promise<T> {
  const lock = join(user.runs, 'queue')
  return withLock(lock, { command: 'posada run', wait: 600_000, signal }, async () => {
    try {
      return await work()
    } finally {
      await rm(lock, { force: true })
    }
  })
}

/** Another run of this user's. */
interface Neighbour {
  ticket: Ticket
  path: string
  /** Its machines wait for someone to look at them: they have memory, and no work. */
  isKept: boolean
}

async function neighbours({ user, folder, sweep }: TurnOptions): Promise<Neighbour[]> {
  const found: Neighbour[] = []
  for (const id of (await namesIn(user.runs)).filter((name) => name !== folder.id)) {
    const path = join(user.runs, id)
    const ticket = parse(await readTextIfThere(join(path, ticketName)))
    if (ticket === null) continue
    const isKept = await exists(join(path, 'kept'))
    if (isKept || (await isAlive(ticket.process))) found.push({ ticket, path, isKept })
    // Killed: a place in the queue is free at once, machines count until they are gone.
    else if (ticket.state === 'starts') {
      await sweep()
      if (await exists(path)) found.push({ ticket, path, isKept })
    }
  }
  return found
}

async function withMemory(others: readonly Neighbour[]): Promise<OtherRun[]> {
  const memory = await takenBy(others.map(({ path }) => path))
  return others.flatMap(({ ticket, isKept }, index) => {
    const taken = memory[index] ?? 0
    if (!isKept) return [{ ...ticket, taken }]
    return taken > 0 ? [{ ...ticket, cpus: 0, taken }] : []
  })
}

function parse(text: string | null): Ticket | null {
  return text === null ? null : (JSON.parse(text) as Ticket)
}

function memoryShort({ memory }: Share): PosadaError {
  const message = `not enough memory: other runs are using it, and this one needs ${formatSize(memory)}`
  return new PosadaError('E_MEMORY_SHORT', message, {
    value: formatSize(memory),
    hint: 'use --wait to start it once there is enough',
  })
}
