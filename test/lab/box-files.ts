import { homedir } from 'node:os'
import { join } from 'node:path'
import { openBoxStore } from '../../src/box/index.ts'
import { userPaths } from '../../src/project/user-paths.ts'

/** The newest box of this name for x86_64 in the store of `env`, for a job's files: as it lies in a store below /job/data. */
export async function boxFiles(
  name: string,
  env: NodeJS.ProcessEnv = { ...process.env, HOME: homedir() },
): Promise<Record<string, string>> {
  const { boxes } = userPaths(env)
  const store = openBoxStore(boxes)
  const box = (await store.list()).filter((one) => one.name === name && one.arch === 'x86_64').at(-1)
  if (box?.box == null) throw new Error(`no box: bin/posada.js box build ${name}`)
  const ref = join('refs', name, box.version, `${box.arch}.json`)
  const place = join('data', 'posada', 'boxes')
  return { [join(place, ref)]: join(boxes, ref), [join(place, 'sha256', box.digest)]: box.box.dir }
}
