import { randomBytes } from 'node:crypto'
import { link, mkdir } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import { pool } from '../../lib/async/pool.ts'
import { exists } from '../../lib/files/folders.ts'
import { flushFolder } from '../../lib/files/write-file.ts'
import {
  type MachinePaths,
  type MachineState,
  readSnapshots,
  readState,
  type SavedMemory,
  type Snapshot,
  writeSnapshot,
} from '../../project/index.ts'
import { type DiskSpec, isUp } from '../../provider/index.ts'
import { betweenRuns } from '../companions/all.ts'
import { requireOwnDisks } from '../facts/own-disks.ts'
import type { HandOver } from '../guest/reach-guest.ts'
import { runHooksOf } from '../hooks/run-hooks.ts'
import { inStep } from '../in-step.ts'
import { layersUnder, mostLayers, withLayers } from '../layers/chain.ts'
import { linkLayers, makeNext, marksOf, takeNext } from '../layers/next-disks.ts'
import { settleDisks } from '../layers/settle.ts'
import { sweepSnapshots } from '../layers/sweep.ts'
import { cannotSave, memoryFile } from '../memory/check.ts'
import { notOpen } from '../memory/not-open.ts'
import { saveMemory } from '../memory/save.ts'
import { goOn } from '../memory/wake.ts'
import type { Sighted } from '../observed/look.ts'
import { decide } from '../plan/decide.ts'
import type { Locking, Places, Project } from '../project.ts'
import { record } from '../record.ts'
import { processors } from '../schedule/processors.ts'
import { selectMachines } from '../select.ts'
import type { SavedResult } from '../snapshot-results.ts'
import { lookAtMade, withLocks } from './locked.ts'
import { byName, checkName } from './names.ts'
import { wakeTogether } from './wake-together.ts'

export interface SnapshotSaveOptions {
  name: string
  note?: string | undefined
  /** None: all that were made. */
  machines: readonly string[]
  handOver?: HandOver
}

/**
 * Saves machines as they are: disks, and where they run their memory, all at one instant. Those that run stand still
 * meanwhile and then go on in new processes, with their memory. Cut short, a machine is suspended or as it was, and what
 * is not complete is not a snapshot.
 */
export async function snapshotSave(project: Project, options: SnapshotSaveOptions): Promise<SavedResult[]> {
  const at = new Date()
  const { name, note = null, machines } = options
  checkName(name)
  const names = selectMachines(project.manifest, machines).map((machine) => machine.name)
  return withLocks(project, names, async () => {
    const made = await lookAtMade(project, names, machines.length > 0)
    for (const one of made) await checkSaving(project, one, name)
    const saved = made.map(({ previous }) => previous.spec.name)
    await runHooksOf(project, saved, { when: 'before', verb: 'snapshot' })
    const running = made.filter(({ found }) => isUp(found))
    const rest = made.filter(({ found }) => !isUp(found))
    const saving = { name, note, at: at.toISOString() }
    // All at once: what one says to another after this is in neither of them, or lost on its way.
    await Promise.all(running.map(({ provider, previous }) => provider.pause(previous.spec)))
    try {
      await pool(processors.limit, running, (one) => saveRunning(project, one))
      await pool(processors.limit, [...running, ...rest], (one) => saveStopped(project, one, saving))
    } finally {
      await goOnAgain(project, running, options.handOver)
    }
    for (const one of made) await sweepSnapshots(project.paths.machine(one.previous.spec.name))
    await runHooksOf(project, saved, { when: 'after', verb: 'snapshot' })
    return made.map(({ previous, found }) => ({
      machine: previous.spec.name,
      name,
      memory: isUp(found) || previous.suspended !== undefined,
    }))
  })
}

/** Before anything is done to any of them. */
async function checkSaving(project: Places & Locking, sight: Sighted, name: string): Promise<void> {
  const { previous, observed, provider } = sight
  const machine = previous.spec.name
  requireOwnDisks(provider, machine)
  const paths = project.paths.machine(machine)
  const before = await readSnapshots(paths, () => undefined)
  if (byName(before, name) !== undefined)
    throw new PosadaError('E_SNAPSHOT_EXISTS', `machine ${machine} has a snapshot ${name} already`, {
      machine,
      value: name,
      hint: `choose another name, or posada snapshot delete ${name}`,
    })
  const [action] = decide(previous, observed, { verb: 'suspend', machine })
  if (action?.do === 'refuse') throw notOpen(sight)
  if (action?.do === 'suspend' && provider.capabilities().snapshot !== true)
    throw cannotSave(provider, machine)
  for (const { name: disk, path } of previous.spec.disks)
    if ((await layersUnder(paths, disk, path)).length >= mostLayers)
      throw new PosadaError(
        'E_SNAPSHOT_DEPTH',
        `the disk ${disk} of ${machine} lies on ${mostLayers} snapshots`,
        {
          machine,
          value: String(mostLayers),
          hint: 'restore an earlier snapshot, or make a box from the machine: posada box package',
        },
      )
}

/** Leaves the machine suspended on a memory in the folder of a snapshot that is yet to be described. */
async function saveRunning(project: Places & Locking, { provider, previous }: Sighted): Promise<void> {
  const machine = previous.spec.name
  const id = newId()
  await mkdir(project.paths.machine(machine).snapshot(id).dir, { recursive: true, mode: 0o700 })
  await inStep(project.emit, { machine, step: 'snapshot', message: 'saving its memory' }, async () => {
    await saveMemory(project, { provider, state: previous, snapshot: id })
    await provider.stop(previous.spec, { graceful: false, timeout: 0 })
    await betweenRuns(project, machine)
  })
}

/** Makes layers of the disks of a machine that does not run, new disks over them, and then a snapshot of it all. */
async function saveStopped(
  project: Places,
  { previous }: Sighted,
  saving: Pick<Snapshot, 'name' | 'note' | 'at'>,
): Promise<void> {
  const paths = project.paths.machine(previous.spec.name)
  const state = await settleDisks(paths, (await readState(paths)) ?? previous)
  const { disks } = state.spec
  const memory = state.suspended ?? null
  const id = (await prepared(paths, state)) ?? newId()
  const parent = await snapshotUnder(paths, disks)
  await linkLayers(paths, id, disks)
  if (memory !== null && memory.snapshot !== id) {
    await link(memoryFile(paths, memory), paths.snapshot(id).memory)
    await flushFolder(paths.snapshot(id).dir)
  }
  await makeNext(paths, id, disks)
  const marks = await marksOf(disks, 'next')
  // From before the new disks are taken until after that, its memory fits both.
  if (memory !== null) await record(paths, (now) => ({ ...now, suspended: alsoWith(memory, marks, id) }))
  await takeNext(disks)
  const layered = await withLayers(paths, disks)
  const now = await record(paths, (it) => ({ ...it, snapshot: id, spec: { ...it.spec, disks: layered } }))
  const kept = memory === null ? null : { ...memory, snapshot: id }
  await writeSnapshot(paths, { version: 1, id, ...saving, parent, state: bare(now), memory: kept })
}

/** The one that the first disk lies on: what is recorded may be of a save that was cut short. */
async function snapshotUnder(paths: MachinePaths, [disk]: readonly DiskSpec[]): Promise<string | null> {
  if (disk === undefined) return null
  const ids = await layersUnder(paths, disk.name, disk.path)
  const known = new Set((await readSnapshots(paths, () => undefined)).map((each) => each.id))
  return ids.find((each) => known.has(each)) ?? null
}

/** The snapshot whose folder has its memory and nothing else yet. */
async function prepared(paths: MachinePaths, { suspended, spec }: MachineState): Promise<string | null> {
  const id = suspended?.snapshot
  if (id === undefined) return null
  const layers = await Promise.all(spec.disks.map(({ name }) => exists(paths.snapshot(id).disk(name))))
  return layers.includes(true) ? null : id
}

function newId(): string {
  return randomBytes(4).toString('hex')
}

function alsoWith(
  memory: SavedMemory,
  marks: Readonly<Record<string, string>>,
  snapshot: string,
): SavedMemory {
  const disks = Object.entries(marks).map(([name, mark]) => [name, [...(memory.disks[name] ?? []), mark]])
  return { ...memory, snapshot, disks: Object.fromEntries(disks) }
}

/** What a restore gives back: not that it was suspended or lay on some snapshot. */
function bare({ suspended: _, snapshot: __, restoring: ___, ...state }: MachineState): MachineState {
  return state
}

/** Whatever became of the rest: those that ran go on, from their memory, or where they stand still. */
async function goOnAgain(
  project: Project,
  running: readonly Sighted[],
  handOver: HandOver | undefined,
): Promise<void> {
  const asleep: Sighted[] = []
  for (const one of running) {
    const { provider, previous } = one
    const config = project.manifest.machines.find(({ name }) => name === previous.spec.name)
    const state = await readState(project.paths.machine(previous.spec.name))
    if (state === null || config === undefined) continue
    if (isUp(await provider.status(state.spec))) await goOn(project, { config, provider, state })
    else if (state.suspended !== undefined) asleep.push({ ...one, previous: state })
  }
  await wakeTogether(project, asleep, handOver)
}
