import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { timed } from '../timed.ts'

export interface BenchProject {
  folder: string
  launcher: string
  /** Runs a command in it; returns seconds. */
  posada(...args: string[]): Promise<number>
  discard(): Promise<void>
}

export async function benchProject(manifest: string): Promise<BenchProject> {
  const launcher = resolve('bin/posada.js')
  const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
  await writeFile(join(folder, 'posada.yaml'), manifest)
  const posada = async (...args: string[]) =>
    (await timed(process.execPath, [launcher, ...args], { cwd: folder })).seconds
  return {
    folder,
    launcher,
    posada,
    discard: async () => {
      await posada('destroy', '--yes')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
