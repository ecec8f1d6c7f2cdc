import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny twice: some 40 s with emulated processors. RUN_FILES=100000 and RUN_OUTPUT=1024 (MiB) are what a
// large project has; they take some minutes.

const files = Number(process.env.RUN_FILES ?? 3000)
const mebibytes = Number(process.env.RUN_OUTPUT ?? 24)
// An emulated guest says half a MiB a second at worst.
const limit = 1_800_000 + mebibytes * 4000

let place: MachinesPlace
let state: string
beforeAll(() => {
  place = machinesPlace('run faults')
  place.write('version: 1\nname: run\nbox: posada/tiny\nprovider: qemu\nmemory: 192MiB\ndisk: 4GiB\n')
  state = join(place.env.XDG_STATE_HOME ?? '', 'posada')
  mkdirSync(join(state, 'runs'), { recursive: true, mode: 0o700 })
})
afterAll(() => place.cleanUp())

const left = () => [...readdirSync(join(state, 'runs')), ...place.processes(/qemu-system/)]

it(
  `takes ${files} files in and ${mebibytes} MiB of output out in bounded memory, and keeps the exit code`,
  async () => {
    const tree = join(place.dir, 'tree')
    for (let folder = 0; folder < files / 500; folder++) {
      mkdirSync(join(tree, String(folder)), { recursive: true })
      for (let file = 0; file < 500; file++) writeFileSync(join(tree, String(folder), String(file)), '')
    }
    const script = `find tree -type f | wc -l >&2; dd if=/dev/zero bs=1M count=${mebibytes} 2>/dev/null | tr '\\0' x; exit 3`
    const running = place.start('run', '--env', 'HOME', '--junit', '../r.xml', '--', 'sh', '-c', script)
    running.stdin.end()
    let [bytes, most, said] = [0, 0, '']
    running.stdout.on('data', (piece: Buffer) => {
      bytes += piece.length
      const [, kibibytes] =
        /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${running.pid}/status`, 'utf8')) ?? []
      most = Math.max(most, Number(kibibytes))
    })
    running.stderr.on('data', (piece: Buffer) => {
      said += piece
    })
    const code = await new Promise((resolve) => running.once('close', resolve))
    rmSync(tree, { recursive: true })
    expect(code, said).toBe(3)
    expect(said).toMatch(new RegExp(`^${files}$`, 'm'))
    expect(bytes).toBe(mebibytes * 2 ** 20)
    if ('RUN_FILES' in process.env || 'RUN_OUTPUT' in process.env)
      process.stderr.write(`${Math.round(most / 1024)} MiB of memory at most\n`)
    expect(most / 1024).toBeLessThan(250)
    expect(readFileSync(join(place.dir, '..', 'r.xml')).length).toBeLessThan(100_000)
    expect(left()).toEqual([])
  },
  limit,
)

describe.skipIf(process.getuid?.() !== 0)('a disk that is full (needs root, for a small file system)', () => {
  const failsFull = (...args: string[]) => place.fails('E_DISK_FULL', 'run', '--no-workspace', ...args)
  async function on(folder: string, options: string, work: () => Promise<void>): Promise<void> {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
    try {
      await work()
    } finally {
      execFileSync('umount', ['--lazy', folder])
    }
  }

  it('from the beginning, where machines or their sockets lie: nothing is left', async () => {
    await on(join(state, 'runs'), 'size=64k,mode=0700', async () => {
      expect((await failsFull('true')).exitCode).toBe(125)
      expect(left()).toEqual([])
    })
    await on(place.env.XDG_RUNTIME_DIR ?? '', 'nr_inodes=2,mode=0700', async () => {
      expect((await failsFull('true')).exitCode).toBe(125)
      expect(left()).toEqual([])
    })
  })

  it('fills while the command runs: it ends, the error says so, and nothing is left', async () => {
    await on(join(state, 'runs'), 'size=12m,mode=0700', async () => {
      const full = await failsFull('--', 'dd', 'if=/dev/urandom', 'of=big', 'bs=1M', 'count=40', 'conv=fsync')
      expect(full).toMatchObject({ exitCode: 125, message: expect.stringContaining("host's disk is full") })
      expect(left()).toEqual([])
    })
  })
})
