import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockHolder } from '../../../src/background/index.ts'
import { type BenchResult, median } from '../bench.ts'
import type { GuestOfBench, Sizes } from './guest.ts'

/** Says a line each time that something comes into a folder, or is written there; without a folder, for each line. */
const watcher = `import ctypes, os, sys
if len(sys.argv) < 2:
    while os.read(0, 4096): os.write(1, b'\\n')
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
libc.inotify_add_watch(fd, sys.argv[1].encode(), 0x88)
os.write(1, b'\\n')
while os.read(fd, 65536): os.write(1, b'\\n')`

/** Milliseconds that the processor time is measured for. */
const idle = 30_000

/** When a saved file reaches a watcher in the guest, and what the process costs meanwhile, in a large tree. */
export async function watched(guest: GuestOfBench, { files, samples, log }: Sizes): Promise<BenchResult[]> {
  await guest.tree('large', files, 19)
  await guest.folders({ large: '/home/posada/large' })
  await guest.posada('sync')
  await guest.posada('sync')
  const config = await guest.sshConfig()
  const trip = new Lines(config, '')
  const told = new Lines(config, '/home/posada/large/folder-0')
  await told.next()
  const [delays, trips]: [number[], number[]] = [[], []]
  try {
    for (let count = 0; count < samples; count++) {
      trips.push(await timeOf(trip, () => trip.say()))
      const file = join(guest.folder, 'large/folder-0/saved')
      delays.push(await timeOf(told, () => writeFileSync(file, `${count}`)))
      await sleep(300)
      told.forget()
    }
  } finally {
    trip.end()
    told.end()
  }
  const bare = median(trips)
  const late = [...delays].sort((a, b) => a - b)[Math.ceil(0.95 * delays.length) - 1] ?? Number.NaN
  log(
    `saved files: median ${median(delays).toFixed(0)} ms, p95 ${late.toFixed(0)} ms, bare ${bare.toFixed(0)} ms`,
  )
  const holder = await lockHolder(join(guest.folder, '.posada/machines/default/sync.lock'))
  if (holder === null) throw new Error('no process keeps the folder equal')
  const { pid } = holder.identity
  const guestBefore = await guestSeconds(guest)
  const before = usage(pid).seconds
  await sleep(idle)
  const { seconds, mebibytes } = usage(pid)
  const inGuest = (await guestSeconds(guest)) - guestBefore
  const single = (name: string, unit: string, how: string, [value, most]: [number, number]): BenchResult => ({
    ...{ name, unit, how, limit: 1, ours: [value], theirs: [most], ratio: value / most },
  })
  const tree = `in a tree of ${files} files`
  return [
    single(
      `saved file at a watcher, p95 above the round trip ${tree} ÷ 100 ms`,
      'ms',
      'inotify in the guest',
      [late - bare, 100],
    ),
    single(`memory of the sync process ${tree} ÷ 120 MiB`, 'MiB', 'VmRSS', [mebibytes, 120]),
    single(`its processor time when idle ÷ 0.5 %`, '%', `over ${idle / 1000} s`, [
      ((seconds - before) / idle) * 100_000,
      0.5,
    ]),
    single(`the helpers’ processor time in the guest when idle ÷ 0.5 %`, '%', 'its python3 processes', [
      (inGuest / idle) * 100_000,
      0.5,
    ]),
  ]
}

async function timeOf(lines: Lines, act: () => void): Promise<number> {
  const begun = performance.now()
  act()
  await lines.next()
  return performance.now() - begun
}

/** Seconds that python3 processes of the guest have worked: fields 14 and 15 of `stat`, in ticks of 10 ms. */
async function guestSeconds(guest: GuestOfBench): Promise<number> {
  const said = await guest.run('cat /proc/[0-9]*/stat 2>/dev/null | grep "(python3)" || :')
  const ticks = said.split('\n').map((line) => {
    const fields = line.replace(/^.*\) /, '').split(' ')
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  })
  return ticks.reduce((sum, count) => sum + count, 0) / 100
}

/** Source: proc(5), `stat` fields 14 and 15 in ticks of 10 ms, `status` VmRSS in KiB. */
function usage(pid: number): { seconds: number; mebibytes: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const [, kibibytes = 'NaN'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, mebibytes: Number(kibibytes) / 1024 }
}

/** What the watcher says over a connection of its own. */
class Lines {
  readonly #child: ChildProcess
  #wanting: (() => void) | null = null
  #count = 0

  constructor(config: string, place: string) {
    const program = `import base64; exec(base64.b64decode("${Buffer.from(watcher).toString('base64')}"))`
    const command = `exec python3 -c '${program}' ${place}`
    this.#child = spawn('ssh', ['-F', config, 'default', command], { stdio: ['pipe', 'pipe', 'inherit'] })
    if (this.#child.stdout === null) throw new Error('ssh has no output')
    createInterface({ input: this.#child.stdout }).on('line', () => {
      this.#count += 1
      this.#wanting?.()
    })
  }

  /** Waits for a line that was not waited for before. */
  async next(): Promise<void> {
    while (this.#count === 0)
      await new Promise<void>((resolve) => {
        this.#wanting = resolve
      })
    this.#count = 0
  }

  forget(): void {
    this.#count = 0
  }

  say(): void {
    this.#child.stdin?.write('\n')
  }

  end(): void {
    this.#child.kill()
  }
}
