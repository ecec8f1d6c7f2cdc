import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { exists, namesIn } from '../lib/files/folders.ts'
import type { Machine } from '../manifest/index.ts'
import {
  forgetInIndex,
  forkAt,
  forkFile,
  machinesOnDisk,
  readIdentity,
  readIndex,
  removeRuntimeDir,
  unlessDamaged,
  withLock,
} from '../project/index.ts'
import { discardShadow } from './box/package/shadow.ts'
import { sweepForks } from './clone/forks.ts'
import { afterEnd } from './companions/all.ts'
import type { Surroundings } from './companions/companion.ts'
import { keepDisks, keptFiles, removeBut } from './disks/kept.ts'
import { disksAlone, tellKept } from './disks/left.ts'
import { lostTargets, type Target } from './down/lost-targets.ts'
import { takeDown } from './down/stop-order.ts'
import { throwFailures } from './failures.ts'
import { runHooks } from './hooks/run-hooks.ts'
import { inStep } from './in-step.ts'
import { hasFolder, withMachineLock } from './machine-lock.ts'
import { removeNetworks } from './network/process.ts'
import { look, type Sight } from './observed/look.ts'
import type { Action } from './plan/actions.ts'
import { decide } from './plan/decide.ts'
import type { BoxSupply, Places, Project } from './project.ts'
import type { DestroyResult } from './results.ts'
import { orphansOf, type Selected, select, selectWithOrphans } from './select.ts'

/**
 * Cuts the machines' power and takes away all that was made for them; boxes stay, and disks with `keep`, unless
 * `withDisks`. Machines that do not exist are reported so. No names: all, those that left the manifest included.
 */
export async function destroy(
  project: Project,
  machines: readonly string[],
  { withDisks = false }: { withDisks?: boolean } = {},
): Promise<DestroyResult[]> {
  const made = await selectWithOrphans(project.manifest, project.paths, [])
  const left = withDisks ? await machinesOnDisk(project.paths, 'keptDisks') : []
  const gone = left.filter((name) => !made.some((machine) => machine.name === name))
  const selected = select([...made, ...gone.map((name) => ({ name, config: null }))], machines)
  const done = ({ destroyed, keptDisks = [] }: DestroyResult) =>
    `${destroyed ? 'is destroyed' : 'did not exist'}${keptDisks.length === 0 ? '' : `; kept: ${keptDisks.join(', ')}`}`
  const work = async ({ name, config }: Selected) => {
    const around = async (when: 'before' | 'after') => {
      if (config !== null) await runHooks(project, config, { when, verb: 'destroy' })
    }
    const before = async () => {
      await around('before')
      if (config === null || !config.sync.some(({ type }) => type === 'mirror')) return
      const { lastSync } = await import('./sync/last-sync.ts')
      await lastSync(project, config)
    }
    const hooks = { before, after: () => around('after') }
    return destroyMachine(project, name, { config, withDisks, hooks })
  }
  const { results, failures } = await takeDown(project, selected, { done, work })
  await forgetUnlessUp(project)
  throwFailures(failures)
  return results
}

/**
 * Destroys the machines that were made and are no longer in the manifest, which `up --prune` and `plan --prune` name as
 * such.
 */
export async function destroyOrphans(project: Project): Promise<DestroyResult[]> {
  const { manifest, paths, emit } = project
  const orphans = await orphansOf(manifest, paths)
  const done = () => 'is destroyed'
  const work = async ({ name }: Selected) => {
    const message = `machine ${name} is no longer in the manifest, and is destroyed`
    emit({ type: 'notice', level: 'info', machine: name, message })
    return destroyMachine(project, name, { config: null, isOrphan: true })
  }
  const selected = orphans.map((name) => ({ name, config: null }))
  const { results, failures } = await takeDown(project, selected, { done, work })
  throwFailures(failures)
  return results
}

async function destroyMachine(
  project: Surroundings & BoxSupply,
  name: string,
  options: {
    config: Machine | null
    withDisks?: boolean
    isOrphan?: boolean
    hooks?: Record<'before' | 'after', () => Promise<void>>
  },
): Promise<DestroyResult> {
  const { config, withDisks = false, isOrphan = false, hooks } = options
  if (!(await hasFolder(project, name))) return { name, destroyed: false }
  return withMachineLock(project, name, async () => {
    const sight = await look(project, name)
    const actions = decide(sight.previous, sight.observed, { verb: 'destroy', machine: name, isOrphan })
    const paths = project.paths.machine(name)
    if (actions.length === 0) return disksAlone(project, name, withDisks)
    if (sight.observed.state !== 'foreign') await hooks?.before()
    let kept: string[] = []
    // Only once it is sure that it goes.
    const keep = async () => {
      if (!withDisks) kept = await keepDisks(paths, config, sight.previous)
      return kept
    }
    await inStep(project.emit, { machine: name, step: 'destroy', message: 'destroying' }, () =>
      carryOut(project, { sight, keep }, actions),
    )
    const forGood = dirname(project.paths.root) === project.user.runs
    for (const id of await idsHere(project))
      for (const store of [project.boxes, project.layers])
        await store.forgetUser({ id, machine: name, forGood })
    await hooks?.after()
    if (kept.length > 0) tellKept(project, name, kept)
    return { name, destroyed: true, ...(kept.length === 0 ? {} : { keptDisks: kept }) }
  })
}

async function carryOut(
  project: Surroundings,
  { sight, keep }: { sight: Sight; keep: () => Promise<string[]> },
  actions: readonly Action[],
): Promise<void> {
  for (const action of actions) {
    if (action.do === 'refuse') throw sight.error
    if (action.do === 'remove')
      await remove(project, action.machine, { targets: await targetsOf(project, sight, action), keep })
    else for (const target of await targetsOf(project, sight, action)) await cutPower(target)
  }
}

/** A state that makes no sense must not keep a machine from being destroyed. */
async function targetsOf(
  project: Surroundings,
  sight: Sight,
  { machine, do: what }: Action,
): Promise<Target[]> {
  if (sight.previous !== null) return [{ provider: sight.provider, spec: sight.previous.spec }]
  if (sight.error === null) return []
  const lost = await lostTargets(project, machine)
  const { message } = sight.error
  const warning = lost === null ? `${message}; if it is still running, end it by hand` : message
  if (what === 'remove') project.emit({ type: 'notice', level: 'warn', machine, message: warning })
  return lost ?? []
}

async function cutPower({ provider, spec }: Target): Promise<void> {
  await provider.stop(spec, { graceful: false, timeout: 0 })
}

async function remove(
  project: Surroundings,
  name: string,
  { targets, keep }: { targets: readonly Target[]; keep: () => Promise<string[]> },
): Promise<void> {
  const paths = project.paths.machine(name)
  await discardShadow(project, name)
  const files = (await namesIn(paths.dir)).map((entry) => join(paths.dir, entry))
  await afterEnd(project, name)
  const kept = await keep()
  const spared = await keptFiles(paths, kept)
  for (const { provider, spec } of targets) {
    await provider.destroy({ ...spec, disks: spec.disks.filter((disk) => !kept.includes(disk.name)) })
    await removeRuntimeDir(spec.files.runtimeDir)
  }
  // The state goes last: what a destroy that is cut short leaves is still known as a machine.
  const rest = files.filter((path) => path !== paths.state && path !== paths.lock)
  await removeBut(rest, spared)
  await rm(paths.state, { recursive: true, force: true })
}

/** With the lock that `up` notes the project under, for one may have begun meanwhile. */
async function forgetUnlessUp(project: Project): Promise<void> {
  const { paths, command, lockWait: wait, signal, user } = project
  const unlessUp = async () => {
    if ((await machinesOnDisk(paths)).length > 0) return
    await removeNetworks(project)
    for (const id of await idsHere(project)) await forgetInIndex(user.projects, id)
    if (forkAt(paths.root) === null) return sweepForks(paths)
    // Disks that are kept.
    if ((await namesIn(paths.machines)).length > 0) return
    await rm(forkFile(paths.root), { force: true })
    await rm(paths.root, { recursive: true, force: true })
  }
  if (await exists(paths.dir)) await withLock(paths.lock, { command, wait, signal }, unlessUp)
  else await unlessUp()
}

/** Project.json may be damaged, and the index lost. */
async function idsHere({ user, paths }: Places): Promise<string[]> {
  const identity = await unlessDamaged(readIdentity(paths))
  const indexed = (await readIndex(user.projects)).filter(({ root }) => root === paths.root)
  return [...new Set([...(identity === null ? [] : [identity.id]), ...indexed.map(({ id }) => id)])]
}
