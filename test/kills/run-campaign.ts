import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrno } from '../../src/lib/files/errno.ts'
import { type MachinesPlace, machinesPlace } from '../helpers/machines.ts'
import { launcher } from '../helpers/posada.ts'
import { type CampaignOptions, randomFrom } from './campaign.ts'

const targets = ['command', 'group', 'hypervisor'] as const
type Target = (typeof targets)[number]

/** Milliseconds that the watchdog has. */
const patience = 10_000
/** After how many blows a run is measured again: what else the host does changes meanwhile. */
const round = 10

/**
 * Kills throw-away runs with SIGKILL at random moments of the time that one takes, in turn the command, its process
 * group, and the hypervisor, until as many as wanted were hit while they lived. Within ten seconds nothing may be left,
 * by the watchdog alone. Returns what went wrong, a line each.
 */
export async function runKillCampaign({
  kills,
  seed,
  log,
}: Omit<CampaignOptions, 'builds'>): Promise<string[]> {
  const place = machinesPlace('run-kills')
  const wrong: string[] = []
  try {
    place.write('version: 1\nname: kills\nbox: posada/tiny\nmemory: 192MiB\nprovider: qemu\n')
    writeFileSync(join(place.dir, 'file'), 'x'.repeat(100_000))
    const random = randomFrom(seed)
    const hits: Record<Target, number> = { command: 0, group: 0, hypervisor: 0 }
    let [life, done, blows] = [0, 0, 0]
    for (; done < kills && blows < kills * 5; blows++) {
      if (blows % round === 0) life = await undisturbed(place)
      const target = targets[done % targets.length] ?? 'command'
      const at = Math.round(random() * life * 1.1)
      const hit = await blow(place, target, at)
      if (hit) hits[target] += 1
      if (hit) done += 1
      const said = `run, ${target} killed after ${at} of ${life} ms${hit ? '' : ' (there was none)'}`
      log(`${done} ${said}`)
      wrong.push(...(await leftAfter(place)).map((each) => `${said}: ${each} is left`))
    }
    log(`killed ${JSON.stringify(hits)}, and ${blows - done} times there was nothing to kill`)
    if (done < kills) wrong.push(`of ${blows} kills only ${done} hit a run`)
  } finally {
    await place.cleanUp()
  }
  return wrong
}

/** Milliseconds in which a run boots, runs its command and takes the machine away. */
async function undisturbed(place: MachinesPlace): Promise<number> {
  const start = performance.now()
  const { child, ended } = begin(place)
  await ended
  if (child.exitCode !== 0) throw new Error(`an undisturbed run ended with ${child.exitCode}`)
  return Math.round(performance.now() - start)
}

function begin(place: MachinesPlace): { child: ChildProcess; ended: Promise<void> } {
  const argv = [launcher, 'run', '--out', 'none', '--', 'sh', '-c', 'echo ran; sleep 1']
  const child = spawn(process.execPath, argv, {
    ...{ cwd: place.dir, env: place.env, detached: true, stdio: 'ignore' as const },
  })
  return { child, ended: new Promise((resolve) => child.once('close', () => resolve())) }
}

/** False where there was nothing to kill. A run whose hypervisor is killed ends by itself. */
async function blow(place: MachinesPlace, target: Target, at: number): Promise<boolean> {
  const { child, ended } = begin(place)
  await Promise.race([ended, sleep(at)])
  const lives = child.exitCode === null && child.signalCode === null && child.pid !== undefined
  const hypervisors = place.hypervisors()
  if (lives && target === 'command') child.kill('SIGKILL')
  if (lives && target === 'group') process.kill(-(child.pid ?? 0), 'SIGKILL')
  if (target === 'hypervisor') for (const pid of hypervisors) process.kill(pid, 'SIGKILL')
  await ended
  return target === 'hypervisor' ? hypervisors.length > 0 : lives
}

async function leftAfter(place: MachinesPlace): Promise<string[]> {
  const deadline = performance.now() + patience
  for (;;) {
    const found = leftovers(place)
    if (found.length === 0 || performance.now() > deadline) return found
    await sleep(100)
  }
}

/** What is being taken away meanwhile is not left over. */
function temporaryFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return temporaryFiles(folder)
    throw error
  }
}

function leftovers(place: MachinesPlace): string[] {
  const base = join(place.dir, '..')
  const namesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
  const runs = join(place.env.XDG_STATE_HOME ?? '', 'posada', 'runs')
  const sockets = join(place.env.XDG_RUNTIME_DIR ?? '', 'posada')
  return [
    ...place.processes(/./).map((pid) => `process ${pid}`),
    ...[runs, sockets].flatMap((folder) => namesIn(folder).map((name) => join(folder, name))),
    ...temporaryFiles(base),
  ]
}
