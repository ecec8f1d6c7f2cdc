import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { validName } from '../manifest/index.ts'
import {
  ensureIdentity,
  forkFile,
  projectPaths,
  readSnapshots,
  type Snapshot,
  withLock,
  writeJsonFile,
} from '../project/index.ts'
import { checkClone } from './clone/check-clone.ts'
import { asFork, forksOf, sweepForks } from './clone/forks.ts'
import { makeClone } from './clone/make-clone.ts'
import { inStep } from './in-step.ts'
import type { Project } from './project.ts'
import { snapshotDelete } from './snapshot/delete.ts'
import { withLocks } from './snapshot/locked.ts'
import { byName, unknownSnapshot } from './snapshot/names.ts'
import { snapshotSave } from './snapshot/save.ts'
import type { ForkResult } from './snapshot-results.ts'
import { noteProject } from './up/note-project.ts'
import { up } from './up.ts'

export interface ForkOptions {
  /** What all are called, with a number each where there are several; left out: `fork`, always with a number. */
  name?: string | undefined
  count: number
  /** The snapshot that they are made of; left out: of the machines as they are, which are saved for it. */
  snapshot?: string | undefined
}

/**
 * Makes copies of the whole project, each with machines and networks of its own, and lets those of their machines go on
 * that ran. The project itself is as it was. E_COPY_EXISTS, E_SNAPSHOT_UNKNOWN, E_NOT_CREATED.
 */
export async function fork(project: Project, { name, count, snapshot }: ForkOptions): Promise<ForkResult[]> {
  if (name !== undefined && validName(name) !== name)
    throw new PosadaError('E_USAGE', `'${name}' cannot be the name of a fork`, {
      value: name,
      hint: 'a letter, then letters, digits and dashes; 63 characters at most',
    })
  const own = `fork-${randomBytes(4).toString('hex')}`
  if (snapshot === undefined)
    await snapshotSave(project, { name: own, machines: [], note: 'of a fork that is being made' })
  let made: { name: string; fork: Project; running: string[] }[]
  try {
    made = await makeForks(project, { name, count, snapshot: snapshot ?? own })
  } finally {
    if (snapshot === undefined) await snapshotDelete(project, { name: own, machines: [] })
  }
  const results: ForkResult[] = []
  for (const { name, fork, running } of made) {
    const machines =
      running.length === 0 ? [] : await up(fork, { machines: running, provision: false, alone: true })
    results.push({ name, root: fork.paths.root, machines })
  }
  return results
}

/** With the locks of all machines: no one deletes what the copies are made of. */
async function makeForks(project: Project, { name, count, snapshot }: ForkOptions & { snapshot: string }) {
  const names = project.manifest.machines.map((machine) => machine.name)
  const { command, lockWait: wait, signal, paths } = project
  return withLocks(project, names, async () => {
    const snapshots = await findSnapshots(project, names, snapshot)
    for (const [machine, its] of snapshots) await checkClone(project, machine, its)
    const lock = projectPaths(join(paths.forks, '..', '..'), paths.user).lock
    return withLock(lock, { command, wait, signal }, async () => {
      await sweepForks(paths)
      const taken = await forksOf(paths)
      const made: { name: string; fork: Project; running: string[] }[] = []
      for (const free of freeNames(taken, { name, count }))
        made.push(await makeFork(project, { name: free, snapshots, snapshot }))
      return made
    })
  })
}

/** E_COPY_EXISTS where one that is asked for by name is there. Pure. */
export function freeNames(
  taken: readonly string[],
  { name, count }: Pick<ForkOptions, 'name' | 'count'>,
): string[] {
  if (name !== undefined) {
    const wanted = count === 1 ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)
    const there = wanted.find((each) => taken.includes(each))
    if (there === undefined) return wanted
    throw new PosadaError('E_COPY_EXISTS', `there is a fork ${there} already`, {
      value: there,
      hint: `choose another name, or posada destroy --project ${there}`,
    })
  }
  const free: string[] = []
  for (let number = 1; free.length < count; number++)
    if (!taken.includes(`fork-${number}`)) free.push(`fork-${number}`)
  return free
}

async function findSnapshots(
  { paths }: Pick<Project, 'paths'>,
  names: readonly string[],
  snapshot: string,
): Promise<Map<string, Snapshot>> {
  const found = new Map<string, Snapshot>()
  const known: string[] = []
  for (const machine of names) {
    const all = await readSnapshots(paths.machine(machine), () => undefined)
    known.push(...all.map((each) => each.name))
    const its = byName(all, snapshot)
    if (its !== undefined) found.set(machine, its)
  }
  if (found.size === 0) throw unknownSnapshot(snapshot, known)
  return found
}

/** It is a fork once its own file is written, which is the last thing done. */
async function makeFork(
  project: Project,
  { name, snapshots, snapshot }: { name: string; snapshots: ReadonlyMap<string, Snapshot>; snapshot: string },
) {
  const root = join(project.paths.forks, name)
  const { lockfile, user } = project.paths
  const fork = {
    ...project,
    manifest: asFork(project.manifest),
    paths: { ...projectPaths(root, user), lockfile },
  }
  await makeFolder(root, { mode: 0o700 })
  const { id: projectId } = await ensureIdentity(fork.paths)
  const running: string[] = []
  await inStep(project.emit, { step: 'fork', message: `making the fork ${name}` }, async () => {
    for (const config of fork.manifest.machines) {
      const its = snapshots.get(config.name)
      if (its === undefined) continue
      const from = project.paths.machine(config.name)
      await makeClone(fork, { from, snapshot: its, config, projectId, cold: false })
      if (its.memory !== null) running.push(config.name)
    }
    await noteProject(fork, projectId)
    await writeJsonFile(forkFile(root), { version: 1, snapshot, at: new Date().toISOString() })
  })
  return { name, fork, running }
}
