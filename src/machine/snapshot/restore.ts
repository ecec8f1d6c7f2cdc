import { rm } from 'node:fs/promises'
import { pool } from '../../lib/async/pool.ts'
import { type MachineState, readSnapshots, type Snapshot, writeState } from '../../project/index.ts'
import { isUp } from '../../provider/index.ts'
import { afterEnd, betweenRuns } from '../companions/all.ts'
import type { HandOver } from '../guest/reach-guest.ts'
import { runHooksOf } from '../hooks/run-hooks.ts'
import { inStep } from '../in-step.ts'
import { withLayers } from '../layers/chain.ts'
import { settleDisks } from '../layers/settle.ts'
import { sweepSnapshots } from '../layers/sweep.ts'
import { checkMemory } from '../memory/check.ts'
import type { Sighted } from '../observed/look.ts'
import type { Locking, Places, Project, Providing } from '../project.ts'
import { runOnResume } from '../provision/run-on-resume.ts'
import { record } from '../record.ts'
import { processors } from '../schedule/processors.ts'
import { selectMachines } from '../select.ts'
import type { RestoredResult } from '../snapshot-results.ts'
import { lookAtMade, withLocks } from './locked.ts'
import { byName, unknownSnapshot } from './names.ts'
import { wakeTogether } from './wake-together.ts'

export interface SnapshotRestoreOptions {
  name: string
  /** None: all that have a snapshot of this name. */
  machines: readonly string[]
  /** Only the disks, also where memory was saved: the machines are off then. */
  cold: boolean
  /** Whether a file of memory that no one has written to since it was saved need not be read through. Left out: false. */
  trusting?: boolean
  handOver?: HandOver | undefined
}

/** Machines at once: what is done to their disks is short, and their files are read on threads of Node's. */
const atOnce = 8

/**
 * Puts machines back to a snapshot; what they have become since is lost. Those that ran then run again, from their
 * memory; others are off. Nothing is done to any of them before all can be restored.
 */
export async function snapshotRestore(
  project: Project,
  { name, machines, cold, trusting = false, handOver }: SnapshotRestoreOptions,
): Promise<RestoredResult[]> {
  const names = selectMachines(project.manifest, machines).map((machine) => machine.name)
  return withLocks(project, names, async () => {
    const made = await lookAtMade(project, names, machines.length > 0)
    const restores = await findRestores(project, made, { name, isNamed: machines.length > 0 })
    const content = trusting ? 'mark' : 'whole'
    if (!cold) await pool(atOnce, restores, (restore) => checkRestore(project, restore, content))
    const back = restores.map((restore) => restore.made.previous.spec.name)
    await runHooksOf(project, back, { when: 'before', verb: 'rewind' })
    const put = new Map<Restore, MachineState>()
    await pool(atOnce, restores, async (restore) => {
      const step = { machine: restore.made.previous.spec.name, step: 'restore', message: `restoring ${name}` }
      put.set(restore, await inStep(project.emit, step, () => putBack(project, restore, cold)))
    })
    const restored = restores.flatMap((restore) => {
      const previous = put.get(restore)
      return previous === undefined ? [] : [{ provider: restore.made.provider, previous }]
    })
    const asleep = restored.filter(({ previous }) => previous.suspended !== undefined)
    await wakeTogether(project, asleep, handOver)
    await pool(processors.limit, asleep, (one) => runOnResume(project, one))
    for (const { previous } of restored) await sweepSnapshots(project.paths.machine(previous.spec.name))
    await runHooksOf(project, back, { when: 'after', verb: 'rewind' })
    return restored.map(({ previous }) => ({
      ...{ machine: previous.spec.name, name },
      state: previous.suspended === undefined ? ('stopped' as const) : ('running' as const),
    }))
  })
}

interface Restore {
  made: Sighted
  snapshot: Snapshot
}

async function findRestores(
  project: Places & Locking,
  made: readonly Sighted[],
  { name, isNamed }: { name: string; isNamed: boolean },
): Promise<Restore[]> {
  const restores: Restore[] = []
  const known: string[] = []
  for (const one of made) {
    const machine = one.previous.spec.name
    const failures: unknown[] = []
    const snapshots = await readSnapshots(project.paths.machine(machine), (error) => failures.push(error))
    const snapshot = byName(snapshots, name)
    known.push(...snapshots.map((each) => each.name))
    if (snapshot !== undefined) restores.push({ made: one, snapshot })
    else if (failures.length > 0) throw failures[0]
    else if (isNamed)
      throw unknownSnapshot(
        name,
        snapshots.map((each) => each.name),
        machine,
      )
  }
  if (restores.length === 0) throw unknownSnapshot(name, known)
  return restores
}

async function checkRestore(
  project: Places,
  { made, snapshot }: Restore,
  content: 'whole' | 'mark',
): Promise<void> {
  const { memory, name, state } = snapshot
  if (memory === null) return
  const machine = made.previous.spec.name
  const paths = project.paths.machine(machine)
  const hint = `posada snapshot restore --cold ${name} ${machine} restores its disks only`
  await checkMemory({
    provider: made.provider,
    spec: { ...state.spec, files: made.previous.spec.files },
    memory,
    paths,
    hint,
    content,
  })
}

/** Written down before the disks are touched: whoever finds it cut short completes it. */
async function putBack(
  project: Places & Providing & Locking,
  { made, snapshot }: Restore,
  cold: boolean,
): Promise<MachineState> {
  const { provider, previous, found } = made
  const machine = previous.spec.name
  const paths = project.paths.machine(machine)
  const { id, state, memory } = snapshot
  const wakes = memory !== null && !cold
  if (isUp(found)) {
    await provider.stop(previous.spec, { graceful: false, timeout: 0 })
    await (wakes ? betweenRuns : afterEnd)(project, machine)
  }
  await writeState(paths, {
    ...state,
    // Other disks than before: what is remembered of folders that were kept equal with the host's is not of them.
    createdAt: new Date().toISOString(),
    ...{ snapshot: id, restoring: id },
    ...(wakes ? { suspended: memory } : {}),
  })
  // A guest from before its first login makes its host keys again.
  if (!state.login.ownKey) await rm(paths.knownHosts, { force: true })
  await rm(paths.memory, { force: true })
  const settled = await settleDisks(paths, await record(paths, (now) => now))
  const disks = await withLayers(paths, settled.spec.disks)
  return record(paths, (now) => ({ ...now, spec: { ...now.spec, disks } }))
}
