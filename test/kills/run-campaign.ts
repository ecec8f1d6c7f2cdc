import { spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrno } from '../../src/lib/files/errno.ts'
import { type MachinesPlace, machinesPlace } from '../helpers/machines.ts'
import { launcher } from '../helpers/posada.ts'
import { type CampaignOptions, randomFrom } from './campaign.ts'

const targets = ['command', 'group', 'hypervisor'] as const
type Target = (typeof targets)[number]

/** Milliseconds in which a run boots, runs its command and takes the machine away, on a slow host. */
const life = 25_000
/** Milliseconds that the watchdog has. */
const patience = 10_000

/**
 * Kills throw-away runs with SIGKILL at random moments, in turn the command, its process group, and the hypervisor.
 * Within ten seconds nothing may be left, by the watchdog alone. Returns what went wrong, a line each.
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
    for (let count = 0; count < kills; count++) {
      const target = targets[count % targets.length] ?? 'command'
      const at = Math.round(random() * life)
      const hit = await blow(place, target, at)
      const said = `run, ${target} killed after ${at} ms${hit ? '' : ' (it had ended)'}`
      log(`${count + 1} ${said}`)
      wrong.push(...(await leftAfter(place)).map((each) => `${said}: ${each} is left`))
    }
  } finally {
    await place.cleanUp()
  }
  return wrong
}

/** False where there was nothing to kill any longer. A run whose hypervisor is killed ends by itself. */
async function blow(place: MachinesPlace, target: Target, at: number): Promise<boolean> {
  const argv = [launcher, 'run', '--out', 'none', '--', 'sh', '-c', 'echo ran; sleep 3']
  const child = spawn(process.execPath, argv, {
    ...{ cwd: place.dir, env: place.env, detached: true, stdio: 'ignore' as const },
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
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
  const deadline = Date.now() + patience
  for (;;) {
    const found = leftovers(place)
    if (found.length === 0 || Date.now() > deadline) return found
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
