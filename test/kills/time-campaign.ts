import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cutShort } from '../helpers/interrupt.ts'
import { type MachinesPlace, machinesPlace } from '../helpers/machines.ts'
import { type CampaignOptions, randomFrom } from './campaign.ts'

const manifest = `version: 1
name: time-kills
box: posada/tiny
provider: qemu
memory: 128MiB
`

/** Milliseconds in which a command is killed, at most: what it takes on a host that has little else to do. */
const within = 2500

interface Blow {
  args: string[]
  /** Run to its end before. */
  first?: string[]
  /** Whether what was written just before has to be there afterwards. */
  keeps: boolean
}

type MakeBlow = (count: number) => Blow

const save: MakeBlow = (count) => ({ args: ['snapshot', 'save', `s${count}`], keeps: true })
const blows: readonly MakeBlow[] = [
  save,
  () => ({ args: ['suspend'], keeps: true }),
  () => ({ args: ['snapshot', 'restore', 'base', '--yes'], keeps: false }),
  () => ({ args: ['resume'], first: ['suspend'], keeps: true }),
  () => ({ args: ['rewind', 'base'], keeps: false }),
]

/**
 * Kills save, suspend, restore, resume and rewind with SIGKILL at random moments, with their process groups. After each
 * `up` lets the machine go on, with a process that has run in it from the beginning: no kill costs what it has in memory.
 * What counts as a snapshot can be restored, and in the end nothing is left. Returns what went wrong, a line each.
 */
export async function timeKillCampaign({
  kills,
  seed,
  log,
}: Omit<CampaignOptions, 'builds'>): Promise<string[]> {
  const place = machinesPlace('time-kills')
  const wrong: string[] = []
  try {
    place.write(manifest)
    await place.json('up')
    await inGuest(place, 'nohup sleep 1000000 > /dev/null 2>&1 < /dev/null & echo $! > ~/pid')
    await place.json('snapshot', 'save', 'base')
    const random = randomFrom(seed)
    for (let count = 1; count <= kills; count++) {
      const { args, first, keeps } = (blows[(count - 1) % blows.length] ?? save)(count)
      const mark = `m${count}`
      await inGuest(place, `touch ~/${mark} && sync`)
      if (first !== undefined) await place.json(...first)
      const at = Math.round(random() * within)
      const { signal } = await cutShort(place, args, { at, signal: 'SIGKILL' }).catch(() => ({
        signal: null,
      }))
      const said = `${args.join(' ')}, killed after ${at} ms${signal === null ? ' (it had ended)' : ''}`
      log(`${count} ${said}`)
      const found = [
        ...(await whatIsWrong(place, keeps ? mark : null)),
        ...(await wrongSnapshots(place, count)),
      ]
      for (const each of found) log(`WRONG: ${each}`)
      wrong.push(...found.map((each) => `${said}: ${each}`))
    }
    await place.json('destroy', '--yes')
    wrong.push(...leftovers(place).map((each) => `${each} is left in the end`))
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error))
  } finally {
    await place.cleanUp()
  }
  return wrong
}

async function inGuest(place: MachinesPlace, script: string): Promise<void> {
  const { code, stderr } = await place.run('exec', '--', 'sh', '-c', script)
  if (code !== 0) throw new Error(`${script}: ${code}, ${stderr.slice(-500)}`)
}

/** The machine goes on, whatever it is, with what it has in memory and on its disk. */
async function whatIsWrong(place: MachinesPlace, mark: string | null): Promise<string[]> {
  const up = await place.run('up')
  if (up.code !== 0) return [`up ended with ${up.code}: ${up.stderr.slice(-500)}`]
  const checks = {
    'its process is gone': 'kill -0 $(cat ~/pid)',
    ...(mark && { 'a file is gone': `test -e ~/${mark}` }),
  }
  const failed: string[] = []
  for (const [what, script] of Object.entries(checks)) {
    const { code } = await place.run('exec', '--', 'sh', '-c', script)
    if (code !== 0) failed.push(what)
  }
  return failed
}

/** The first is there, and what was being saved can be restored where it counts; it is then deleted. */
async function wrongSnapshots(place: MachinesPlace, count: number): Promise<string[]> {
  const { snapshots } = await place.json<{ snapshots: { name: string }[] }>('snapshot', 'list')
  const names = snapshots.map(({ name }) => name)
  if (!names.includes('base')) return [`the first snapshot is gone; there is ${names}`]
  const name = `s${count}`
  if (!names.includes(name)) return []
  await place.json('snapshot', 'restore', name, '--yes')
  const found = await whatIsWrong(place, null)
  await place.json('snapshot', 'delete', name)
  return found.map((each) => `restored to ${name}: ${each}`)
}

function leftovers(place: MachinesPlace): string[] {
  const namesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
  const machines = join(place.dir, '.posada', 'machines')
  const sockets = join(place.env.XDG_RUNTIME_DIR ?? '', 'posada')
  return [
    ...place.processes(/./).map((pid) => `process ${pid}`),
    ...[machines, sockets].flatMap((folder) => namesIn(folder).map((name) => join(folder, name))),
  ]
}
