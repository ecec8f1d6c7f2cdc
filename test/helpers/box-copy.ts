import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { hostArch } from '../../src/lib/values/arch.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import { launcher } from './posada.ts'

/**
 * Copies the newest box of this name, for this host's architecture, from the user's store into that of `dataHome`, where
 * it may be damaged. Returns the folder of the copy.
 */
export function copyBox(name: string, dataHome: string): string {
  const argv = [launcher, 'box', 'list', '--json']
  const { boxes } = JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' })) as {
    boxes: { name: string; version: string; arch: string; digest: string; dir: string }[]
  }
  const box = boxes.filter((one) => one.name === name && one.arch === hostArch()).at(-1)
  if (box === undefined) throw new Error(`no box: bin/posada.js box build ${name}`)
  const store = join(dataHome, 'posada', 'boxes')
  const ref = join('refs', name, box.version, `${box.arch}.json`)
  const dir = join(store, 'sha256', box.digest)
  mkdirSync(dirname(join(store, ref)), { recursive: true })
  mkdirSync(dirname(dir), { recursive: true })
  cpSync(join(userPaths(process.env).boxes, ref), join(store, ref))
  execFileSync('cp', ['-a', box.dir, dir])
  return dir
}
