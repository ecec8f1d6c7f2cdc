import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Machine } from './life.ts'
import { timed } from './timed.ts'

const launcher = resolve('bin/posada.js')

export interface PosadaMachine extends Machine {
  /** The project's folder. */
  folder: string
  /** Command line of its QEMU, while it runs. */
  argv(): Promise<string[]>
  /** Runs a command in it; returns seconds. */
  posada(...args: string[]): Promise<number>
}

/** A machine of debian/12, in a project of its own. */
export async function posadaMachine(dev = '{box: debian/12, cpus: 2, memory: 1GiB}'): Promise<PosadaMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
  const manifest = `version: 1\nmachines:\n  dev: ${dev}\n`
  await writeFile(join(folder, 'posada.yaml'), manifest)
  const posada = (...args: string[]) => timed(process.execPath, [launcher, ...args], { cwd: folder })
  const seconds = async (...args: string[]) => (await posada(...args)).seconds
  return {
    folder,
    posada: seconds,
    // `up` itself runs a command over SSH in a fresh guest, and ends when it has succeeded.
    up: () => seconds('up'),
    exec: () => seconds('exec', 'dev', '--', 'true'),
    status: () => seconds('status'),
    halt: () => seconds('halt'),
    destroy: () => seconds('destroy', '--yes'),
    async settle() {
      await posada('exec', 'dev', '--', 'sudo', 'systemctl', 'start', 'default.target')
    },
    async argv() {
      const status = JSON.parse((await posada('status', '--json')).stdout)
      return (await readFile(`/proc/${status.machines[0].pid}/cmdline`, 'utf8')).split('\0').slice(0, -1)
    },
    async discard() {
      await posada('destroy', '--yes')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
