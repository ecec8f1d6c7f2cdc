import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyBox } from '../helpers/box-copy.ts'
import { boxContent } from '../helpers/box-files.ts'
import { cutShort } from '../helpers/interrupt.ts'
import { type MachinesPlace, machinesPlace } from '../helpers/machines.ts'
import { tar } from '../helpers/tar.ts'
import { serveSlowly, webServer } from '../helpers/web-server.ts'

export interface CampaignOptions {
  /** How many commands are killed. */
  kills: number
  /** The same seed kills at the same moments, as far as a host is the same twice. */
  seed: number
  /** Whether boxes are built, too, which takes packages and minutes. */
  builds: boolean
  log(line: string): void
}

/** A command that is killed at a moment of its first `within` milliseconds, and the one that has to succeed then. */
interface Blow {
  args: string[]
  within: number
  next: string[]
}

const manifest = `version: 1
name: kills
box: posada/tiny
memory: 256MiB
provision:
  - {name: one, shell: "sleep 0.2; echo one >> /root/ran"}
  - {name: two, run: always, shell: "sleep 0.3; echo two >> /root/ran"}
`

/** A round leads a machine from nothing through all verbs back to nothing. */
const life: Blow[] = [
  { args: ['up'], within: 6000, next: ['up'] },
  { args: ['provision', '--force'], within: 2500, next: ['provision'] },
  { args: ['copy', 'big', 'default:/tmp/big'], within: 1500, next: ['copy', 'big', 'default:/tmp/big'] },
  { args: ['exec', '--', 'sh', '-c', 'sleep 1'], within: 1500, next: ['exec', '--', 'true'] },
  // A guest that was told to shut down does so, whatever becomes of the command: `up` at once may meet it on its way.
  { args: ['reload'], within: 6000, next: ['up'] },
  { args: ['up'], within: 4000, next: ['up'] },
  { args: ['halt'], within: 2500, next: ['halt'] },
  { args: ['up'], within: 4000, next: ['up'] },
]
// The newest stay: machines are made of it.
const prune = ['box', 'prune', '--yes', '--keep', '1']
const boxes = (fetched: string): Blow[] => [
  ...['./web.tar', fetched].map((from) => {
    const args = ['box', 'add', from, '--force']
    return { args, within: 1200, next: args }
  }),
  { args: prune, within: 1000, next: prune },
]
const build = ['box', 'build', 'posada/tiny', '--force']
const builds: Blow = { args: build, within: 20_000, next: build }

const destruction: Blow = { args: ['destroy', '--yes'], within: 1500, next: ['destroy', '--yes'] }

/**
 * Kills commands with SIGKILL at random moments, their process groups and all. After each the next command has to
 * succeed; after each round nothing may be left that `destroy` and `box prune` do not take. Returns what went wrong, a
 * line each, which is also told at once.
 */
export async function killCampaign(options: CampaignOptions): Promise<string[]> {
  const { kills, log } = options
  const place = machinesPlace('kills')
  const wrong: string[] = []
  const tell = (line: string) => {
    wrong.push(line)
    log(`WRONG: ${line}`)
  }
  const ending: (() => Promise<void>)[] = []
  try {
    place.env.XDG_DATA_HOME = join(place.dir, '..', 'data')
    copyBox('posada/tiny', place.env.XDG_DATA_HOME)
    place.write(manifest)
    writeFileSync(join(place.dir, 'big'), Buffer.alloc(8 * 2 ** 20, 1))
    writeFileSync(join(place.dir, 'web.tar'), boxNamed('team/web'))
    const served = boxNamed('team/fetched')
    const { url } = await webServer((end) => ending.push(end), serveSlowly(served, 500))
    const fetched = `${url}/fetched.tar#sha256=${createHash('sha256').update(served).digest('hex')}`
    const random = randomFrom(options.seed)
    for (let done = 0; done < kills; ) {
      // The machine keeps its box from being pruned.
      for (const blow of [...life, ...boxes(fetched), ...(options.builds ? [builds] : []), destruction]) {
        if (done++ >= kills && blow !== destruction) continue
        const at = Math.round(random() * blow.within)
        const { signal } = await cutShort(place, blow.args, { at, signal: 'SIGKILL' }).catch(() => ({
          signal: null,
        }))
        const said = `${blow.args.join(' ')}, killed after ${at} ms${signal === null ? ' (it had ended)' : ''}`
        const { code, stderr } = await place.run(...blow.next)
        log(`${done} ${said}`)
        if (code !== 0) tell(`${said}: ${blow.next.join(' ')} ended with ${code}: ${stderr.slice(-500)}`)
      }
      for (const last of [destruction.next, prune]) await place.run(...last)
      for (const each of leftovers(place)) tell(`after ${done} kills: ${each} is left`)
    }
  } finally {
    for (const end of ending) await end()
    await place.cleanUp()
  }
  return wrong
}

function boxNamed(name: string): Buffer {
  const members = [...boxContent({ name, version: '1.0' })]
  return tar(members.map(([path, content]) => ({ name: path, content })))
}

/** What no command would take any more. */
function leftovers(place: MachinesPlace): string[] {
  const base = join(place.dir, '..')
  const machines = join(place.dir, '.posada', 'machines')
  const sockets = join(place.env.XDG_RUNTIME_DIR ?? '', 'posada')
  const store = (name: string) => join(place.env.XDG_DATA_HOME ?? '', 'posada', 'boxes', name)
  return [
    ...place.processes(/./).map((pid) => `process ${pid} (${nameOf(pid)})`),
    ...[machines, sockets, store('tmp'), store('downloads')].flatMap((folder) =>
      existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
    ),
    ...readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp')),
    ...readdirSync(tmpdir()).filter((name) => /^posada-(probe|box)-/.test(name) && isDead(name)),
  ]
}

/** Work folders are named by their process; those of others are theirs. */
function isDead(name: string): boolean {
  const pid = /-(\d+)-/.exec(name)?.[1]
  return pid !== undefined && !existsSync(`/proc/${pid}`)
}

function nameOf(pid: number): string {
  return existsSync(`/proc/${pid}/comm`) ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : 'ended'
}

/** Numbers from 0 to 1. Source: Marsaglia, "Xorshift RNGs", 2003. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
