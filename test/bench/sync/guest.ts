import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { timed } from '../timed.ts'

const launcher = resolve('bin/posada.js')

export interface Sizes {
  files: number
  samples: number
  log: (line: string) => void
}

/** A debian/12 machine whose folders are changed while it runs. */
export class GuestOfBench {
  readonly folder: string
  #isUp = false

  constructor(folder: string) {
    this.folder = folder
  }

  /** Runs the command line; returns seconds and what it wrote. */
  posada(...args: string[]) {
    return timed(process.execPath, [launcher, ...args], { cwd: this.folder })
  }

  /** Has the manifest name these folders: paths in the guest by those of the host. */
  async folders(sync: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(sync).map(([from, to]) => `  - {from: ./${from}, to: ${to}}\n`)
    const text = `version: 1\nname: bench\nbox: debian/12\nmemory: 1GiB\nsync:\n${lines.join('')}`
    await writeFile(join(this.folder, 'posada.yaml'), text)
    if (this.#isUp) return
    this.#isUp = true
    await this.posada('up')
  }

  /** Runs a shell's command line as the login user; returns what it wrote. */
  async run(script: string): Promise<string> {
    return (await this.posada('exec', '--', 'sh', '-c', script)).stdout.trim()
  }

  /** Waits until no change is left to be carried. */
  async inStep(): Promise<void> {
    for (;;) {
      const { stdout } = await this.posada('sync', 'status', '--json')
      const { folders } = JSON.parse(stdout) as { folders: { state: string }[] }
      if (folders.every(({ state }) => state === 'in step')) return
      await sleep(500)
    }
  }

  /** A file with which `ssh -F FILE default` reaches it. */
  async sshConfig(): Promise<string> {
    const path = join(this.folder, 'ssh_config')
    await writeFile(path, (await this.posada('ssh-config')).stdout)
    return path
  }

  /** Small files, 40 a folder, in a folder of the host: of some KB at most, or, with `most` 19, of some 100 bytes. */
  async tree(name: string, files: number, most = 1520): Promise<void> {
    for (let count = 0; count < files; count++) {
      const place = join(this.folder, name, `folder-${Math.floor(count / 40)}`)
      if (count % 40 === 0) await mkdir(place, { recursive: true })
      await writeFile(join(place, `file-${count}`), `${count} `.repeat(((count % 20) * most) / 19))
    }
  }

  async destroy(): Promise<void> {
    if (this.#isUp) await this.posada('destroy', '--yes')
  }
}
