import { randomBytes } from 'node:crypto'
import { copyFile, rename } from 'node:fs/promises'
import { release } from 'node:os'
import { basename, join } from 'node:path'
import { sleep } from '../lib/async/sleep.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { sha256OfFile } from '../lib/files/hash-file.ts'
import { flushFolder } from '../lib/files/write-file.ts'
import { makeWorkFolder } from '../lib/process/work-folder.ts'
import type { Machine } from '../manifest/index.ts'
import {
  ensureIdentity,
  type MachinePaths,
  readSnapshots,
  type Snapshot,
  type UserPaths,
  type WarmImage,
  warmImages,
  warmPaths,
  writeWarmImage,
} from '../project/index.ts'
import type { MachineSpec, Provider } from '../provider/index.ts'
import { noDisks } from './disks/look.ts'
import { logIn } from './guest/login.ts'
import { shareFile } from './layers/share-file.ts'
import { withMachineLock } from './machine-lock.ts'
import { fileMark } from './memory/check.ts'
import type { Project } from './project.ts'
import { hostBudget } from './schedule/host-budget.ts'
import { snapshotSave } from './snapshot/save.ts'
import { startMachine } from './up/start.ts'
import { removeImage } from './warm/find-image.ts'
import type { WarmJob } from './warm/job.ts'

/** What the name of an image that is being made begins with. */
export const imageWork = 'making-'

const snapshotName = 'warm'

/**
 * Makes a warm image: boots a machine with the hardware that is wanted, in a project that has nothing else, saves it once
 * it can be logged in to and has nothing to do, and keeps that. An image is there as a whole or not at all. What becomes of
 * the machine is the caller's to say.
 */
export async function makeWarmImage(project: Project, job: WarmJob): Promise<void> {
  const [written] = project.manifest.machines
  if (written === undefined) throw new Error('a project without a machine')
  const config: Machine = { ...written, ...job.machine, throwAway: true }
  const alone = { ...project, manifest: { ...project.manifest, machines: [config] } }
  await withMachineLock(alone, config.name, () => bootOnce(alone, config, job))
  await snapshotSave(alone, { name: snapshotName, machines: [] })
  const paths = alone.paths.machine(config.name)
  const [snapshot] = await readSnapshots(paths, () => undefined)
  if (snapshot === undefined) throw new Error('the snapshot is gone')
  await keep(project.user, { job, paths, snapshot })
}

/** Leaves it running, with no one logged in. */
async function bootOnce(project: Project, config: Machine, { box: of, layer }: WarmJob): Promise<void> {
  const { boxes, layers } = project
  const { id: projectId } = await ensureIdentity(project.paths)
  const box = await boxes.byDigest(of)
  const user = { id: projectId, project: project.manifest.name, root: project.paths.root }
  await boxes.noteUser(of.digest, { ...user, machine: config.name })
  const onLayer = layer === null ? null : await layers.byDigest({ ...of, digest: layer })
  const provider = await project.providers.get(config.provider)
  const started = await startMachine(project, {
    ...{ projectId, config, provider, box, previous: null, isNew: true, cold: true, disks: noDisks },
    memory: hostBudget(project),
    layer: onLayer === null ? null : { key: '', steps: [], box: onLayer, original: box },
  })
  const { session } = await logIn(project, { config, provider, state: started })
  await session.close()
  await untilIdle(project, provider, started.spec)
}

/** Milliseconds between two looks at what a machine does, and how long it is looked at; of a processor, how much is nothing. */
const look = { every: 1000, limit: 60_000, nothing: 0.1 }

/** What a guest still does after its boot each machine would do again. */
async function untilIdle(
  { signal }: Pick<Project, 'signal'>,
  provider: Provider,
  spec: MachineSpec,
): Promise<void> {
  const deadline = deadlineIn(look.limit)
  for (let before: number | undefined; !deadline.isOver(); ) {
    const cpu = (await provider.usage?.(spec))?.cpu
    if (cpu === undefined) return
    if (before !== undefined && (cpu - before) * 1000 < look.nothing * look.every) return
    before = cpu
    await sleep(look.every, signal)
  }
}

async function keep(
  user: UserPaths,
  { job, paths, snapshot }: { job: WarmJob; paths: MachinePaths; snapshot: Snapshot },
): Promise<void> {
  const { memory, state } = snapshot
  if (memory === null) throw new Error('the snapshot has no memory')
  const from = paths.snapshot(snapshot.id)
  const to = warmPaths(await makeWorkFolder(user.warm, imageWork))
  await shareFile(from.memory, to.memory)
  const disks: WarmImage['disks'] = {}
  for (const { name } of state.spec.disks) {
    await shareFile(from.disk(name), to.disk(name))
    disks[name] = { ...(await fileMark(to.disk(name))), sha256: await sha256OfFile(to.disk(name)) }
  }
  await copyFile(paths.key, to.key)
  const { mark } = await fileMark(to.memory)
  await writeWarmImage(to, user, {
    ...{ version: 1, key: job.key, at: new Date().toISOString(), kernel: release(), state, disks },
    memory: { ...memory, mark },
  })
  await flushFolder(to.dir)
  const older = await warmImages(user, job.key)
  const name = `${job.key}-${randomBytes(4).toString('hex')}`
  await rename(to.dir, join(user.warm, name))
  await flushFolder(user.warm)
  for (const each of older) if (basename(each.dir) !== name) await removeImage(each)
}
