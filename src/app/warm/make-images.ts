import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { PosadaEvent } from '../../events/index.ts'
import { makeFolder } from '../../lib/files/make-folder.ts'
import { writeFileAtomic } from '../../lib/files/write-file.ts'
import { lockFile } from '../../lib/process/lock-file.ts'
import { sweepWorkFolders } from '../../lib/process/work-folder.ts'
import { freeForMachines, imageWork, makeWarmImage, type WarmJob } from '../../machine/index.ts'
import { type UserPaths, userPaths, warmImages } from '../../project/index.ts'
import { keepImageBudget } from '../cache/budget.ts'
import type { MakerConfig } from '../launch-maker.ts'
import { startWatchdog } from '../run/launch-watchdog.ts'
import { openRun } from '../run/open-run.ts'

/**
 * Makes warm images, one after the other, in throw-away projects which the watchdog of runs takes away whatever ends this
 * process. While another process of this user's makes some, none are made. What happens is written to `log` beside them.
 */
export async function makeImages({ jobs, env }: MakerConfig): Promise<void> {
  const user = userPaths(env)
  await makeFolder(user.warm, { mode: 0o700 })
  const lock = await lockFile(join(user.warm, 'lock'))
  if (typeof lock === 'string') return
  const lines: string[] = []
  try {
    await sweepWorkFolders(user.warm, imageWork)
    startWatchdog(env, user.runs)
    for (const job of jobs) {
      lines.push(`${new Date().toISOString()} ${job.key} of ${job.box.name} ${job.box.version}`)
      lines.push(await outcomeOf(job, { user, env, lines }))
    }
    await keepImageBudget(env, { user })
  } finally {
    await writeFileAtomic(join(user.warm, 'log'), `${lines.join('\n')}\n`, { mode: 0o600 })
    await lock.close()
  }
}

interface Making {
  user: UserPaths
  env: Record<string, string>
  lines: string[]
}

async function outcomeOf(job: WarmJob, making: Making): Promise<string> {
  const why = await reasonAgainst(job, making.user)
  if (why !== null) return `not made: ${why}`
  try {
    await make(job, making)
    return 'made'
  } catch (error) {
    return `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
}

/** Part of what is free that an image may take, of memory and of the disk. */
const part = { memory: 0.5, disk: 0.1 }

async function reasonAgainst({ key, machine: { memory } }: WarmJob, user: UserPaths): Promise<string | null> {
  if ((await warmImages(user, key)).length > 0) return 'another process made it'
  const free = await freeForMachines()
  if (free !== null && memory > free * part.memory) return 'its memory is too large for what is free'
  const { bavail, bsize } = await statfs(user.warm)
  return memory > bavail * bsize * part.disk ? 'its memory is too large for the free space of the disk' : null
}

async function make(job: WarmJob, { env, lines }: Making): Promise<void> {
  const networks = Array.from({ length: job.networks }, (_, index) => `warm-${index + 1}`)
  const manifest = {
    networks: Object.fromEntries(networks.map((name) => [name, {}])),
    machines: { warm: { box: job.box.name, networks } },
  }
  const emit = (event: PosadaEvent) => {
    if (event.type === 'step' || event.type === 'notice') lines.push(JSON.stringify(event))
  }
  const { signal } = new AbortController()
  const run = await openRun({
    ...{ box: undefined, manifest, cwd: '/', env: { ...env, POSADA_WARM: 'off' } },
    ...{ emit, signal, command: 'posada, for a warm image' },
  })
  try {
    await makeWarmImage(run.project, job)
  } finally {
    await run.end()
  }
}
